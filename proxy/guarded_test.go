package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/rollout/guard"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// pollAll has so many people poll every three seconds, not all at once, and returns
// when a guard fails: after how long, and what it says.
func (r *rig) pollAll(people int, most time.Duration) (took time.Duration, said string) {
	const tick = 100 * time.Millisecond
	began := time.Now()
	for n := 0; time.Since(began) < most; n++ {
		for who := n % 30; who < people; who += 30 {
			r.get("/import/status", fmt.Sprintf("Cookie: s=%d", who))
		}
		time.Sleep(tick)
		if n%10 != 9 {
			continue
		}
		j, _ := r.Judge("polled", time.Now())
		i := slices.IndexFunc(j.Verdicts, func(v guard.Verdict) bool { return v.Outcome == guard.Fail })
		if i >= 0 {
			return time.Since(began), j.Verdicts[i].Text
		}
	}
	return most, ""
}

// atOnePercent has one in a hundred stand on the rung, and none held out.
func atOnePercent(o *RouteOptions) { o.Rollout.Percent, o.Check = 1000, 100 }

func TestAPersonalRouteThatIsSharedWithEverybodyTripsTheGuardWithinAMinute(t *testing.T) {
	personal := func(w http.ResponseWriter, r *http.Request) {
		who := strings.TrimPrefix(r.Header.Get("Cookie"), "s=")
		says(`{"importing":"`+who+`"}`, `ETag: "`+who+`"`)(w, r)
	}
	play(t, personal, func(r *rig) {
		defer r.Close()
		r.Observer = observe.New(observe.Options{})
		took, said := r.pollAll(100, time.Minute)
		if !strings.HasPrefix(said, guard.Mismatches) {
			t.Fatalf("after %v got %q, want a failure of the guard against mismatches", took, said)
		}
		t.Logf("after %v: %s", took, said)
	}, polled("/import/status", sharing(coalescer.Everything), atOnePercent))
}

func TestAPublicRouteThatIsSharedWithEverybodyTripsNone(t *testing.T) {
	var asked atomic.Int64
	public := func(w http.ResponseWriter, r *http.Request) { // which changes every ten seconds or so
		n := asked.Add(1) / 300
		says(fmt.Sprint(n), fmt.Sprintf(`ETag: "%d"`, n))(w, r)
	}
	play(t, public, func(r *rig) {
		defer r.Close()
		r.Observer = observe.New(observe.Options{})
		if took, said := r.pollAll(100, time.Minute); said != "" {
			t.Errorf("after %v got %q, want none", took, said)
		}
	}, polled("/import/status", sharing(coalescer.Everything), atOnePercent))
}
