package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

// checking has everything that is given from memory checked.
func checking(o *RouteOptions) { o.Check = rollout.Everyone }

// A replica answers the n-th request, from 1 on, of somebody: by status, tag and body.
// With no status it is 200.
type replica func(n int32, r *http.Request) (status int, tag, body string)

func (f replica) handler() http.HandlerFunc {
	var n atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		status, tag, body := f(n.Add(1), r)
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			status = http.StatusNotModified
		}
		w.WriteHeader(max(status, http.StatusOK))
		fmt.Fprint(w, body)
	}
}

func isBob(r *http.Request) bool { return strings.Contains(r.Header.Get("Cookie"), "bob") }

// TestChecksTellChangesFromWhatWasNeverTheClients has alice poll, which is request 1,
// gives bob what there is from memory, and checks that: request 2. An interval later
// alice polls again, request 3, and the check, if it is still in doubt, asks again:
// request 4. Under share: nothing it is bob who polls each time.
func TestChecksTellChangesFromWhatWasNeverTheClients(t *testing.T) {
	changed := func(n int32, _ *http.Request) (int, string, string) {
		if n == 1 {
			return 0, `"x"`, "x"
		}
		return 0, `"y"`, "y"
	}
	answers := func(bodies ...string) replica {
		return func(n int32, _ *http.Request) (int, string, string) {
			body := bodies[min(int(n), len(bodies))-1]
			return 0, `"` + body + `"`, body
		}
	}
	to := func(status int) replica {
		return func(_ int32, r *http.Request) (int, string, string) {
			if isBob(r) {
				return status, `"no"`, "no"
			}
			return 0, `"x"`, "x"
		}
	}
	for name, c := range map[string]struct {
		share    coalescer.Share
		upstream replica
		want     guard.Result
	}{
		"the same":       {coalescer.Everything, answers("x"), guard.Match},
		"it has changed": {coalescer.Everything, changed, guard.Match},
		"a replica lags": {coalescer.Everything, answers("x", "old", "x", "x"), guard.Match},
		"always another": {coalescer.Everything, answers("a", "b", "c", "d"), guard.Inconclusive},
		"each has his own": {coalescer.Everything, func(_ int32, r *http.Request) (int, string, string) {
			who := r.Header.Get("Cookie")
			return 0, `"` + who + `"`, who
		}, guard.Mismatch},
		"the tag is frozen":              {coalescer.Everything, func(n int32, _ *http.Request) (int, string, string) { return 0, `"x"`, answerOf(n) }, guard.Mismatch},
		"refused what is for all":        {coalescer.Everything, to(http.StatusForbidden), guard.Mismatch},
		"sent away from what is for all": {coalescer.Everything, to(http.StatusFound), guard.Mismatch},
		"upstream fails":                 {coalescer.Everything, to(http.StatusServiceUnavailable), guard.Inconclusive},
		"too large": {coalescer.Everything, func(n int32, _ *http.Request) (int, string, string) {
			return 0, `"x"`, strings.Repeat("x", 1<<(min(n, 2)*11-1))
		}, guard.Inconclusive},
		"refused by now": {coalescer.Nothing, func(n int32, _ *http.Request) (int, string, string) {
			if n == 1 {
				return 0, `"x"`, "x"
			}
			return http.StatusForbidden, `"no"`, "no"
		}, guard.Inconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, c.upstream.handler(), func(r *rig) {
				defer r.Close()
				leader := "Cookie: s=alice"
				if c.share == coalescer.Nothing {
					leader = "Cookie: s=bob"
				}
				r.get("/doc", leader)
				x := r.receive(nil, request("/doc", "Cookie: s=bob"))
				p := r.poll(x)
				given, _ := r.Coalescer.Held(p.Key)
				results := make(chan guard.Result, 1)
				time.Sleep(time.Second)
				go func() { results <- r.check(r.t.Context(), p, given) }()
				time.Sleep(3 * time.Second)
				r.get("/doc", leader)
				if got := <-results; got != c.want {
					t.Errorf("got %v, want %v", got, c.want)
				}
			}, polled("/doc", sharing(c.share), func(o *RouteOptions) { o.Policy.MaxBody = 1 << 16 }))
		})
	}
}

func answerOf(n int32) string {
	if n == 1 {
		return "x"
	}
	return "y"
}

func TestACheckThatNobodyElseAsksAfterIsGivenUp(t *testing.T) {
	play(t, replica(func(n int32, _ *http.Request) (int, string, string) { return 0, `"x"`, answerOf(n) }).handler(), func(r *rig) {
		defer r.Close()
		r.get("/doc")
		p := r.poll(r.receive(nil, request("/doc")))
		given, _ := r.Coalescer.Held(p.Key)
		began := time.Now()
		if got := r.check(r.t.Context(), p, given); got != guard.Inconclusive {
			t.Errorf("got %v, want %v", got, guard.Inconclusive)
		}
		if took, most := time.Since(began), 3*time.Minute; took > most {
			t.Errorf("it took %v, want at most %v", took, most)
		}
		if got := r.counts("polled").ByReason[ledger.Audit]; got != 1 {
			t.Errorf("upstream was asked %d times, want once", got)
		}
	}, polled("/doc"))
}

// TestWhatACheckBringsReachesNobody has upstream say to checks what it says to
// nobody else.
func TestWhatACheckBringsReachesNobody(t *testing.T) {
	var audited atomic.Int32
	play(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"x"`)
		if r.Header.Get("If-None-Match") == "" && audited.Add(1) > 1 {
			w.Header().Set("ETag", `"stolen"`)
			w.Header().Set("Set-Cookie", "session=stolen")
			fmt.Fprint(w, "stolen")
			return
		}
		if r.Header.Get("If-None-Match") == `"x"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, "x")
	}, func(r *rig) {
		defer r.Close()
		for range 20 {
			resp := r.get("/doc", "Cookie: s=alice")
			if got := body(resp); got != "x" || resp.Header.Get("Etag") != `"x"` || resp.Header.Get("Set-Cookie") != "" {
				t.Fatalf("got %q with %v, want what upstream said to the poll", got, resp.Header)
			}
			synctest.Wait()
			time.Sleep(1500 * time.Millisecond)
		}
		if got := r.counts("polled").ByReason[ledger.Audit]; got < 5 {
			t.Errorf("%d checks were made, want some: else this proves nothing", got)
		}
	}, polled("/doc", checking))
}

func TestClosingEndsChecksAndWaitsForThem(t *testing.T) {
	play(t, replica(func(n int32, _ *http.Request) (int, string, string) { return 0, `"x"`, answerOf(n) }).handler(), func(r *rig) {
		r.get("/doc")
		r.get("/doc") // from memory, and now it is another
		synctest.Wait()
		if r.checks.TryAcquire(maxChecks) {
			t.Fatal("no check is under way")
		}
		r.Close()
		if !r.checks.TryAcquire(maxChecks) {
			t.Error("a check is under way after Close")
		}
		if v := r.trials.of("polled").monitor.Verdicts(time.Now().Add(time.Second)); v[3].Treated.N != 0 {
			t.Errorf("got %q, want that a check that was ended counts for nothing", v[3].Text)
		}
		r.Close()
	}, polled("/doc", checking))
}

func TestOnlySoManyChecksAreUnderWay(t *testing.T) {
	play(t, replica(func(n int32, _ *http.Request) (int, string, string) { return 0, `"x"`, fmt.Sprint(n) }).handler(), func(r *rig) {
		defer r.Close()
		for i := range 2 * maxChecks {
			for range 2 {
				r.get(fmt.Sprint("/doc/", i))
			}
			synctest.Wait()
		}
		if got := r.counts("polled").ByReason[ledger.Audit]; got != maxChecks {
			t.Errorf("%d checks were begun while none ended, want %d", got, maxChecks)
		}
	}, polled("/doc/*", checking))
}

func TestPollsByHeadAreNotChecked(t *testing.T) {
	play(t, says("x", `ETag: "x"`), func(r *rig) {
		defer r.Close()
		for range 3 {
			r.get("/doc")
			r.ask(request("HEAD /doc"))
		}
		synctest.Wait()
		if got := r.counts("polled").ByReason[ledger.Audit]; got != 2 {
			t.Errorf("%d checks, want those of the two GETs from memory", got)
		}
	}, polled("/doc", checking))
}

func TestASampleIsNoMoreThanItIsSaidToBe(t *testing.T) {
	const share = 10 * rollout.Everyone / 10_000 // 0.1 %
	for name, c := range map[string]struct {
		each      time.Duration // between what is given out
		lasts     time.Duration
		low, high int
	}{
		"few polls: one of a hundred":        {100 * time.Millisecond, 10 * time.Minute, 55, 85},
		"many: one a second until 200":       {time.Millisecond, 100 * time.Second, 122, 200}, // a draw begins the second anew: 159, give or take 7
		"and then one of a thousand":         {time.Millisecond, 500 * time.Second, 490, 670},
		"fewer than a hundred prove nothing": {time.Second, 90 * time.Second, 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var s sample
				chosen := 0
				for end := time.Now().Add(c.lasts); time.Now().Before(end); time.Sleep(c.each) {
					if s.has(share) {
						chosen++
						s.checks.Add(1)
					}
				}
				if chosen < c.low || chosen > c.high {
					t.Errorf("%d were chosen, want %d to %d", chosen, c.low, c.high)
				}
			})
		})
	}
	if new(sample).has(0) {
		t.Error("a sample of nothing has something")
	}
}
