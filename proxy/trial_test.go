package proxy

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

// verdicts are what the guards say a second from now, by guard.
func (r *rig) verdicts() map[string]guard.Verdict {
	r.t.Helper()
	time.Sleep(time.Second)
	j, ok := r.Judge("polled", time.Now())
	if !ok {
		r.t.Fatal("the route is not judged")
	}
	all := map[string]guard.Verdict{}
	for _, v := range j.Verdicts {
		all[v.Guard] = v
	}
	return all
}

func (r *rig) swap(routes ...RouteOptions) {
	r.t.Helper()
	if err := r.Swap(routes, nil); err != nil {
		r.t.Fatal(err)
	}
}

func TestATrialBeginsAnewWheneverTheRouteIsAnother(t *testing.T) {
	stays := func(*RouteOptions) {}
	for name, c := range map[string]struct {
		changes func(*RouteOptions)
		anew    bool
	}{
		"nothing":       {stays, false},
		"checked more":  {func(o *RouteOptions) { o.Check = 5 }, false},
		"the percent":   {func(o *RouteOptions) { o.Rollout.Percent = 1000 }, true},
		"the stage":     {func(o *RouteOptions) { o.Rollout.Stage = rollout.Push }, true},
		"the holdout":   {func(o *RouteOptions) { o.Rollout.Holdout = 1000 }, true},
		"the flag":      {func(o *RouteOptions) { o.Rollout.Flag = "other" }, true},
		"who is denied": {func(o *RouteOptions) { o.Rollout.Deny = map[string]bool{"a": true} }, true},
		"the actor":     {func(o *RouteOptions) { o.ActorCookie = "uid" }, true},
		"the share":     {sharing(coalescer.Everything), true},
		"the interval":  {func(o *RouteOptions) { o.Policy.Interval = time.Minute }, true},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, says("x", `ETag: "x"`), func(r *rig) {
				r.get("/doc")
				if got := r.verdicts()[guard.Errors].Treated.N; got != 1 {
					t.Fatalf("%d polls were judged, want 1", got)
				}
				r.swap(polled("/doc", c.changes))
				if got, want := r.verdicts()[guard.Errors].Treated.N, map[bool]uint64{true: 0, false: 1}[c.anew]; got != want {
					t.Errorf("%d polls are judged, want %d", got, want)
				}
			}, polled("/doc"))
		})
	}
}

func TestAKillEndsTheTrialAndARevivalBeginsAnother(t *testing.T) {
	play(t, says("x", `ETag: "x"`), func(r *rig) {
		r.get("/doc")
		r.verdicts()
		r.swap(polled("/doc", func(o *RouteOptions) { o.Rollout.Stage = rollout.Off }))
		if _, ok := r.Judge("polled", time.Now()); ok {
			t.Error("a killed route is judged")
		}
		if _, ok := r.Judgement("polled"); ok {
			t.Error("a killed route has a judgement")
		}
		r.swap(polled("/doc"))
		if got := r.verdicts()[guard.Errors].Treated.N; got != 0 {
			t.Errorf("%d polls are judged after the revival, want none", got)
		}
	}, polled("/doc"))
}

// TestAPollUnderWayWhenTheRouteMovesSaysNothingOfWhereItStandsNow keeps a route from
// falling twice for one fault.
func TestAPollUnderWayWhenTheRouteMovesSaysNothingOfWhereItStandsNow(t *testing.T) {
	playAfter(t, time.Minute, says("x"), func(r *rig) {
		failed := make(chan *http.Response, 1)
		go func() { failed <- r.get("/doc") }()
		time.Sleep(time.Second)
		r.swap(polled("/doc", func(o *RouteOptions) { o.Rollout.Percent = 50_000 }))
		if resp := <-failed; resp.StatusCode != http.StatusGatewayTimeout {
			t.Fatalf("got %s, want a timeout", resp.Status)
		}
		if v := r.verdicts()[guard.Errors]; v.Treated.N+v.Untreated.N != 0 {
			t.Errorf("got %q, want that it counts for nothing", v.Text)
		}
	}, polled("/doc"))
}

func TestHowAPollFaredIsCountedAsWhoAskedMetIt(t *testing.T) {
	gone, hangUp := context.WithCancel(context.Background())
	hangUp()
	for name, c := range map[string]struct {
		upstream http.HandlerFunc
		requests []*http.Request
		want     string
	}{
		"an answer":             {says("x", `ETag: "x"`), polls("/doc"), "0 % of 1"},
		"a failure":             {answers(http.StatusBadGateway), polls("/doc"), "100 % of 1"},
		"a refusal is none":     {answers(http.StatusForbidden), polls("/doc"), "0 % of 1"},
		"a HEAD":                {says("x", `ETag: "x"`), []*http.Request{request("HEAD /doc")}, "0 % of 1"},
		"a client that hung up": {says("x", `ETag: "x"`), []*http.Request{request("/doc").WithContext(gone)}, "0 % of 0"},
		"a poll that passes":    {says("x", `ETag: "x"`), []*http.Request{request("/doc", "X-Unknown: 1")}, "0 % of 1"},
		"a write is no poll":    {says("x"), []*http.Request{request("POST /doc")}, "0 % of 0"},
		"an answer cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "x")
		}, []*http.Request{request("/doc", "X-Unknown: 1")}, "100 % of 1"},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, c.upstream, func(r *rig) {
				for _, in := range c.requests {
					r.ask(in)
				}
				want := "errors: treated " + c.want + ", untreated 0 % of 0; "
				if got := r.verdicts()[guard.Errors].Text; got[:min(len(got), len(want))] != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}, polled("/doc"))
		})
	}
}

func polls(target string) []*http.Request { return []*http.Request{request(target)} }

// answers is an upstream that says nothing but a status.
func answers(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func TestAFareSaysWhoseDoingAFailureWasAndHowOldAnAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		x    exchange
		want guard.Answer
	}{
		"fresh from upstream":          {exchange{status: 200, took: 5}, guard.Answer{Took: 5}},
		"from memory":                  {exchange{status: 304, took: 5, age: 9, interval: 3}, guard.Answer{Took: 5, Age: 9, Interval: 3}},
		"held because it was asked to": {exchange{status: 200, took: 5, wait: 60}, guard.Answer{}},
		"upstream is down":             {exchange{status: 502, outcome: ledger.Failed, took: 5}, guard.Answer{Took: 5, Failed: true}},
		"we are out of sockets":        {exchange{status: 502, outcome: ledger.Failed, ours: true}, guard.Answer{Failed: true, Ours: true}},
		"a bug":                        {exchange{}, guard.Answer{Failed: true, Ours: true}},
		"the client's own fault":       {exchange{status: 400, outcome: ledger.Failed}, guard.Answer{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.x.fare(); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
	if !isOurs(fmt.Errorf("dial: %w", syscall.EMFILE)) || isOurs(errors.New("refused")) || isOurs(syscall.ECONNREFUSED) {
		t.Error("want a lack of descriptors to be ours, and no more")
	}
}

func TestAnswersFromMemoryAloneHaveAnAge(t *testing.T) {
	var fails atomic.Bool
	play(t, func(w http.ResponseWriter, r *http.Request) {
		if fails.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		says("x", `ETag: "x"`)(w, r)
	}, func(r *rig) {
		r.get("/doc") // from upstream
		r.get("/doc") // from memory
		time.Sleep(3 * time.Second)
		fails.Store(true)
		if resp := r.get("/doc"); resp.StatusCode != http.StatusOK { // covered
			t.Fatalf("got %s, want the last good answer", resp.Status)
		}
		if v := r.verdicts()[guard.Staleness]; v.Treated.N != 1 || v.Treated.Value != 0 {
			t.Errorf("got %q, want the one from memory alone", v.Text)
		}
	}, polled("/doc", func(o *RouteOptions) { o.Policy.StaleIfError = time.Hour }))
}

func TestTheDryRunCountsWhatIsNewHoweverTheObserverForgets(t *testing.T) {
	play(t, says("x"), func(r *rig) {
		tr, mismatches := r.trials.of("polled"), uint64(0)
		seen := func(string) (match, late, mismatch uint64) { return 0, 0, mismatches }
		for _, step := range []struct {
			figure uint64
			moves  bool
			want   uint64
		}{
			{100, false, 0}, // from before there was a trial
			{103, false, 3},
			{103, false, 3},
			{2, false, 5}, // it has forgotten, and seen two since
			{12, true, 0}, // what was compared where it stood before
			{13, false, 1},
		} {
			if mismatches = step.figure; step.moves {
				r.swap(polled("/doc", sharing(coalescer.Changes)))
			}
			tr.dryRun.compare(tr, seen, "polled")
			if got := r.verdicts()[guard.Mismatches].Untreated.N; got != step.want {
				t.Errorf("at %+v got %d comparisons", step, got)
			}
		}
	}, polled("/doc"))
}

func TestWhoWatchesCountsInEveryHour(t *testing.T) {
	const hours = 3
	playSite(t, says(`{"n":1}`, `ETag: "x"`, "Content-Type: application/json"), func(s *site) {
		c := s.watch("/doc", "pollard.v1", "Cookie: s=alice")
		c.heard()
		var j Judgement
		for range hours * 60 {
			time.Sleep(time.Minute)
			j, _ = s.Judge("polled", time.Now())
		}
		if got := math.Round(j.Reduction.Treated.Actors); got != hours && got != hours+1 { // the first hour was begun
			t.Errorf("got %v actors, want one in each of %d hours", got, hours)
		}
		if got := j.Reduction.Treated.Calls; got < hours*60 {
			t.Errorf("got %v calls, want those of the watch", got)
		}
		c.Close()
		synctest.Wait()
		if got := len(s.trials.of("polled").watching.watches); got != 0 {
			t.Errorf("%d actors watch who have left", got)
		}
	}, polled("/doc", pushed, func(o *RouteOptions) { o.Rollout.Holdout = 1 })) // somebody else, once in a hundred thousand
}

func TestAWatchThatCannotBeKeptHasFailedAndOneThatIsLeftHasNot(t *testing.T) {
	var binary atomic.Bool
	playSite(t, func(w http.ResponseWriter, r *http.Request) {
		if binary.Load() {
			says("\xff\xfe", `ETag: "y"`)(w, r)
			return
		}
		says(`{"n":1}`, `ETag: "x"`, "Content-Type: application/json")(w, r)
	}, func(s *site) {
		for range 3 {
			s.watch("/doc", "pollard.v1", "Cookie: s=alice").Close()
		}
		synctest.Wait()
		if v := s.verdicts()[guard.Watches]; v.Treated.N != 3 || v.Treated.Value != 0 {
			t.Errorf("got %q, want three, who left", v.Text)
		}
		kept := s.watch("/doc", "pollard.v1", "Cookie: s=alice")
		kept.next()
		kept.heard() // or a ping finds nobody who takes it
		binary.Store(true)
		time.Sleep(10 * time.Second)
		if v := s.verdicts()[guard.Watches]; v.Treated.N != 4 || v.Treated.Value != 0.25 {
			t.Errorf("got %q, want that one of four failed", v.Text)
		}
	}, polled("/doc", pushed))
}

func TestWhatIsPushedIsCheckedByTheWatchersOwnQuestion(t *testing.T) {
	var changed atomic.Bool
	play := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !changed.Load():
			says("{}", `ETag: "1"`)(w, r)
		case isBob(r):
			says(`{"of":"bob"}`, `ETag: "2b"`)(w, r)
		default:
			says(`{"of":"alice"}`, `ETag: "2a"`)(w, r)
		}
	}
	playSite(t, play, func(s *site) {
		defer s.Handler.Close()
		alice := s.watch("/doc", "", "Cookie: s=alice")
		alice.heard()
		s.watch("/doc", "", "Cookie: s=bob").heard()
		synctest.Wait()
		changed.Store(true)
		time.Sleep(10 * time.Second)
		if v := s.verdicts()[guard.Mismatches]; v.Treated.Value == 0 {
			t.Errorf("got %q, want that one of them was given what is the other's", v.Text)
		}
		if got := s.counts("polled").ByReason[ledger.Audit]; got < 4 {
			t.Errorf("%d checks, want one of each state that each was told", got)
		}
	}, polled("/doc", pushed, checking, sharing(coalescer.Everything)))
}

// dawdler takes a second for each part of an answer.
type dawdler struct{ *httptest.ResponseRecorder }

func (d dawdler) Write(part []byte) (int, error) {
	time.Sleep(time.Second)
	return d.ResponseRecorder.Write(part)
}

// TestAnswersAreComparedByWhenTheyAreWhole keeps a route from falling because what
// passes has its head while upstream still writes, and what is shared has not.
func TestAnswersAreComparedByWhenTheyAreWhole(t *testing.T) {
	for name, lines := range map[string][]string{"one that passes": {"X-Unknown: 1"}, "one that is coalesced": nil} {
		t.Run(name, func(t *testing.T) {
			play(t, says("x", `ETag: "x"`), func(r *rig) {
				r.ServeHTTP(dawdler{httptest.NewRecorder()}, request("/doc", lines...))
				const want = "latency: treated p50 1"
				if got := r.verdicts()[guard.Latency].Text; !strings.HasPrefix(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			}, polled("/doc"))
		})
	}
}
