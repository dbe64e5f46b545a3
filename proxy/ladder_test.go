package proxy

import (
	"fmt"
	"math"
	"net/http"
	"testing"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout"
)

// at puts a route on a rung, for a share of its actors.
func at(stage rollout.Stage, percent string) func(*RouteOptions) {
	return func(o *RouteOptions) {
		p, err := rollout.ParsePercent(percent)
		if err != nil {
			panic(err)
		}
		o.Rollout.Stage, o.Rollout.Percent = stage, p
	}
}

func TestEachRungGivesWhatItPromises(t *testing.T) {
	tests := []struct {
		stage   rollout.Stage
		status  string // Cache-Status of a second poll
		outcome ledger.Outcome
	}{
		{rollout.Off, "200 [] hello", ledger.Passed},
		{rollout.Observe, `200 [pollard; fwd=bypass; detail="observe"] hello`, ledger.Passed},
		{rollout.Coalesce, "200 [pollard; hit; ttl=3] hello", ledger.Hit},
		{rollout.Push, "200 [pollard; hit; ttl=3] hello", ledger.Hit},
	}
	for _, test := range tests {
		play(t, says("hello", `ETag: "v1"`), func(r *rig) {
			r.get("/d")
			want(t, r.get("/d"), test.status)
			if got := r.counts("polled").ByOutcome[test.outcome]; got == 0 {
				t.Errorf("stage %v: no poll is counted as %v", test.stage, test.outcome)
			}
		}, polled("/*", at(test.stage, "100")))
	}
}

// TestActorsStayOnTheirRung: the percentage is a share of actors, not of polls;
// raising it moves nobody down.
func TestActorsStayOnTheirRung(t *testing.T) {
	const actors = 2000
	identities := map[string]func(i int) *http.Request{
		"cookie":  func(i int) *http.Request { return request("/d", fmt.Sprintf("Cookie: sid=%d", i)) },
		"address": func(i int) *http.Request { return from(fmt.Sprintf("192.0.%d.%d:1", i/250, i%250), request("/d")) },
		"forwarded address": func(i int) *http.Request {
			return from(balancer, request("/d", fmt.Sprintf("X-Forwarded-For: 192.0.%d.%d", i/250, i%250)))
		},
		"header": func(i int) *http.Request { return request("/d", "Cookie: same", fmt.Sprintf("X-Actor: User:%d", i)) },
		"actor cookie": func(i int) *http.Request {
			return request("/d", fmt.Sprintf("Cookie: sid=%d; uid=User:%d", i%7, i))
		},
	}
	named := func(o *RouteOptions) {
		o.ActorHeader, o.ActorCookie, o.Ignore = "X-Actor", "uid", []string{"X-Actor"}
	}
	for name, actor := range identities {
		t.Run(name, func(t *testing.T) {
			before := map[int]bool{}
			for _, percent := range []string{"10", "25", "60"} {
				h := newKeyRig(t, named, at(rollout.Coalesce, percent))[0]
				on := map[int]bool{}
				for i := range actors {
					on[i] = h.receive(nil, actor(i)).stage == rollout.Coalesce
					if again := h.receive(nil, actor(i)).stage == rollout.Coalesce; again != on[i] {
						t.Fatalf("actor %d is moved from poll to poll", i)
					}
					if before[i] && !on[i] {
						t.Fatalf("actor %d is moved down by raising the percentage to %s", i, percent)
					}
				}
				wantShare(t, on, percent)
				before = on
			}
		})
	}
}

// wantShare allows five standard deviations: the hash is not random, and this
// is no test of it.
func wantShare(t *testing.T, on map[int]bool, percent string) {
	t.Helper()
	n, p := 0, 0.
	for _, is := range on {
		if is {
			n++
		}
	}
	fmt.Sscan(percent, &p)
	mean := float64(len(on)) * p / 100
	if deviation := math.Abs(float64(n) - mean); deviation > 5*math.Sqrt(mean*(1-p/100)) {
		t.Errorf("at %s %% there are %d of %d actors on the rung", percent, n, len(on))
	}
}

func TestDenyBeatsAllowBeatsPercent(t *testing.T) {
	lists := func(o *RouteOptions) {
		o.ActorHeader, o.Ignore = "X-Actor", []string{"X-Actor"}
		o.Rollout.Allow = map[string]bool{"a": true, "b": true}
		o.Rollout.Deny = map[string]bool{"b": true}
	}
	for percent, others := range map[string]rollout.Stage{"0": rollout.Observe, "100": rollout.Coalesce} {
		h := newKeyRig(t, lists, at(rollout.Coalesce, percent))[0]
		for actor, want := range map[string]rollout.Stage{"a": rollout.Coalesce, "b": rollout.Observe, "c": others} {
			if got := h.receive(nil, request("/d", "X-Actor: "+actor)).stage; got != want {
				t.Errorf("%s %%: actor %s stands at %v, want %v", percent, actor, got, want)
			}
		}
	}
}

// A field that names the actor says who asks, so it needs no other declaring;
// and what it says keeps the bodies of two actors apart.
func TestTheFieldThatNamesTheActorIsAnIdentity(t *testing.T) {
	upstream := func(w http.ResponseWriter, r *http.Request) {
		says("for "+r.Header.Get("X-Actor"), `ETag: "v1"`)(w, r)
	}
	play(t, upstream, func(r *rig) {
		for range 2 {
			for _, actor := range []string{"a", "b"} {
				if got, want := body(r.get("/d", "X-Actor: "+actor)), "for "+actor; got != want {
					t.Errorf("actor %s is given %q, want %q", actor, got, want)
				}
			}
		}
		if got := r.counts("polled").ByOutcome[ledger.Hit]; got != 2 {
			t.Errorf("%d hits, want 2", got)
		}
	}, polled("/*", func(o *RouteOptions) { o.ActorHeader = "X-Actor" }))
}

func TestWhoIsHeldOutPassesAndSaysSo(t *testing.T) {
	everyone := func(o *RouteOptions) { o.Rollout.Holdout = rollout.Everyone }
	tests := []struct {
		stage  rollout.Stage
		status string // Cache-Status of a second poll
	}{
		{rollout.Off, "200 [] hello"},
		{rollout.Observe, `200 [pollard; fwd=bypass; detail="observe"] hello`},
		{rollout.Coalesce, `200 [pollard; fwd=bypass; detail="holdout"] hello`},
		{rollout.Push, `200 [pollard; fwd=bypass; detail="holdout"] hello`},
	}
	for _, test := range tests {
		play(t, says("hello", `ETag: "v1"`), func(r *rig) {
			r.get("/d")
			resp := r.get("/d")
			want(t, resp, test.status)
			if got := resp.Header.Get("Pollard-Push"); got != "" {
				t.Errorf("stage %v: got Pollard-Push %q, want none", test.stage, got)
			}
			if got := r.counts("polled").ByOutcome[ledger.Passed]; got != 2 {
				t.Errorf("stage %v: %d polls passed, want 2", test.stage, got)
			}
		}, polled("/*", at(test.stage, "100"), everyone))
	}
}

func TestAHoldoutIsAShareOfActors(t *testing.T) {
	h := newKeyRig(t, at(rollout.Coalesce, "100"), func(o *RouteOptions) { o.Rollout.Holdout = 10_000 })[0]
	held := map[int]bool{}
	for i := range 2000 {
		poll := func() *exchange { return h.receive(nil, request("/d", fmt.Sprintf("Cookie: sid=%d", i))) }
		held[i] = poll().arm == rollout.Holdout
		if again := poll(); held[i] != (again.arm == rollout.Holdout) || held[i] != (again.stage == rollout.Observe) {
			t.Fatalf("actor %d is moved from poll to poll", i)
		}
	}
	wantShare(t, held, "10")
}

// Who is drawn from an identity is drawn for every poll.
func TestPlacingAPollDoesNotAllocate(t *testing.T) {
	for _, percent := range []string{"25", "100"} {
		h := newKeyRig(t, at(rollout.Coalesce, percent), func(o *RouteOptions) { o.Rollout.Holdout = 1_000 })[0]
		x := h.receive(nil, request("/d", "Cookie: sid=1"))
		if got := testing.AllocsPerRun(100, func() { h.place(x) }); got != 0 {
			t.Errorf("at %s %%: got %v allocations, want 0", percent, got)
		}
	}
}
