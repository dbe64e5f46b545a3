package coalescer_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// adaptive is the policy of scenes in which documents find their own interval.
func adaptive() coalescer.Policy {
	policy := usual()
	policy.Share, policy.Interval, policy.MinInterval, policy.Audit = coalescer.Everything, time.Second, time.Second, time.Hour
	policy.Staleness = 3 * time.Second
	return policy
}

func TestWhatIsFinishedIsAskedForEverMoreSeldom(t *testing.T) {
	play(t, adaptive(), func(s *scene) {
		s.up.does(newSheet(`"done"`, "finished").answer)
		var calls []int
		for range 6 {
			for range 200 {
				s.get("alice", "/doc")
				s.wait(time.Second)
			}
			calls = append(calls, len(s.up.saw()))
		}
		if calls[0] < 20 || calls[5] > 5 {
			t.Errorf("%v calls in each 200 s, want fewer and fewer, down to one a minute", calls)
		}
	})
}

func TestWhatChangesAgainIsAskedForOftenAgain(t *testing.T) {
	play(t, adaptive(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		for range 1000 {
			s.get("alice", "/doc")
			s.wait(time.Second)
		}
		app.turns(`"v2"`, "two")
		for s.get("alice", "/doc").body != "two" {
			s.wait(time.Second)
		}
		s.up.saw()
		for range 10 {
			s.wait(time.Second)
			s.get("alice", "/doc")
		}
		if n := len(s.up.saw()); n < 8 {
			t.Errorf("%d calls in the 10 s after a change, want about one a second", n)
		}
	})
}

func TestAnAdaptiveIntervalKeepsWithinWhatUpstreamAndRouteSay(t *testing.T) {
	policy := adaptive()
	policy.MaxInterval = 10 * time.Second
	play(t, policy, func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one", "Poll-Interval: 4000").answer)
		for range 1000 {
			s.get("alice", "/doc")
			s.wait(time.Second)
		}
		if n := len(s.up.saw()); n < 1000/11 || n > 1000/6 {
			t.Errorf("%d calls in 1000 s, want one every 4 to 10 s, and soon every 10", n)
		}
	})
}

func TestASlowUpstreamIsAskedLess(t *testing.T) {
	play(t, adaptive(), func(s *scene) {
		s.up.does(func(r *http.Request) reply { return page(`"v1"`, "one").in(time.Second) })
		for range 100 {
			s.get("alice", "/doc")
			s.wait(time.Second)
		}
		if n := len(s.up.saw()); n > 12 {
			t.Errorf("%d calls in some 100 s of an upstream that takes a second, want at most one in ten of them", n)
		}
	})
}

// pipeline is documents that change often while they are young and never again
// once they are finished, like the jobs of a pipeline.
type pipeline struct {
	mu      sync.Mutex
	changes map[string][]time.Time // by target, in order
}

func (p *pipeline) version(target string, at time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, c := range p.changes[target] {
		if !c.After(at) {
			n++
		}
	}
	return n
}

func (p *pipeline) answer(r *http.Request) reply {
	tag := fmt.Sprintf(`"%d"`, p.version(r.URL.RequestURI(), time.Now()))
	if r.Header.Get("If-None-Match") == tag {
		return unchanged("ETag: " + tag)
	}
	return page(tag, tag)
}

func TestEnoughChangesAreSeenWithinTheBudget(t *testing.T) {
	unlessBrief(t)
	const jobs, watched = 100, 25 * time.Minute
	play(t, adaptive(), func(s *scene) {
		p := &pipeline{changes: map[string][]time.Time{}}
		s.up.does(p.answer)
		var mu sync.Mutex
		late, all, polls := 0, 0, 0
		var wg sync.WaitGroup
		for i := range jobs {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(7, uint64(i)))
				time.Sleep(time.Duration(rng.Int64N(int64(time.Hour))))
				target, began := fmt.Sprint("/job/", i), time.Now()
				var at []time.Time
				for when := began; len(at) < 6; {
					when = when.Add(time.Duration(math.Round(rng.ExpFloat64() * float64(40*time.Second))))
					at = append(at, when)
				}
				p.mu.Lock()
				p.changes[target] = at
				p.mu.Unlock()
				shown := 0
				for time.Since(began) < watched {
					got := s.get("viewer", target)
					now := p.version(target, time.Now())
					mu.Lock()
					polls++
					for ; fmt.Sprintf(`"%d"`, shown) != got.body && shown < now; shown++ {
						all++
						if time.Since(at[shown]) > 4*time.Second { // a poll a second looks a second late
							late++
						}
					}
					mu.Unlock()
					time.Sleep(time.Second)
				}
			})
		}
		wg.Wait()
		calls := len(s.up.saw())
		t.Logf("%d polls, %d calls, %d of %d changes seen late", polls, calls, late, all)
		if float64(late) > 0.07*float64(all) {
			t.Errorf("%d of %d changes were seen late, want about 5 %%", late, all)
		}
		if calls > polls/3 {
			t.Errorf("%d calls for %d polls that come at the interval, want far fewer", calls, polls)
		}
	})
}
