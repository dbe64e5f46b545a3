package migration

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
	"github.com/pollard-proxy/pollard/rollout/ladder"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// climber is a route on autopilot. The program dwells ten minutes on each step; here
// everything is the same but that.
type climber struct {
	ladder *ladder.Ladder
	proxy  *proxy.Handler
	front  string
}

const climbing = "errors_climbing"

func newClimber(t *testing.T, upstream string, climb guard.Climb) *climber {
	at, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	f := forward.New(forward.Options{Terms: forward.Terms{Upstream: forward.Upstream{at}}})
	co := coalescer.New(coalescer.Options{Transport: f})
	c := &climber{ladder: ladder.Open(ladder.Options{Dir: t.TempDir(), Log: log})}
	c.proxy = proxy.New(proxy.Options{
		Forward: f, Coalescer: co, Ledger: ledger.New(prometheus.NewRegistry()), Log: log,
		Target: func(r *http.Request) string { return r.RequestURI }, Secret: []byte("0123456789abcdef"), Observer: observe.New(observe.Options{}),
	})
	front := httptest.NewServer(c.proxy)
	c.front = front.URL
	if err := c.ladder.Configure(map[string]ladder.Position{climbing: {Stage: rollout.Coalesce, Percent: 1_000}}, c.stand); err != nil {
		t.Fatal(err)
	}
	pilot := ladder.Pilot{Ladder: c.ladder, Climbs: func(string) bool { return true }, Fell: func(string, []string) {}, Climb: climb, Judge: func(route string, now time.Time) ([]guard.Verdict, bool) {
		j, ok := c.proxy.Judge(route, now)
		return j.Verdicts, ok
	}}
	ctx, cancel := context.WithCancel(context.Background())
	var flying sync.WaitGroup
	flying.Go(func() { pilot.Run(ctx) })
	t.Cleanup(func() {
		front.Close()
		cancel()
		flying.Wait()
		c.proxy.Close()
		co.Close()
		f.Close()
	})
	return c
}

// stand puts the route in force where it stands.
func (c *climber) stand(s *ladder.State) error {
	p := policy(climbing, s.InForce(climbing).Stage, s.InForce(climbing).Percent)
	return c.proxy.Swap([]proxy.RouteOptions{{
		Name: climbing, Path: "/" + climbing + "/*", Rollout: *p, ActorCookie: "user", Check: 100,
		Policy: coalescer.Policy{
			Share: coalescer.Everything, Interval: 300 * time.Millisecond, MinInterval: 100 * time.Millisecond,
			MaxInterval: time.Second, Timeout: 10 * time.Second, MaxBody: 1 << 20, Audit: time.Minute,
		},
	}}, nil)
}

// onEveryStep returns actors of whom some are treated at each percentage, some from
// each on, and some never.
func onEveryStep() (names []string) {
	var before *rollout.Policy
	for _, percent := range []rollout.Percent{1_000, 5_000, 25_000, 50_000, rollout.Everyone} {
		p := policy(climbing, rollout.Coalesce, percent)
		joined := 0
		for i := 0; joined < actors; i++ {
			name := fmt.Sprintf("user-%d", i)
			if p.Arm(name) == rollout.Treated && (before == nil || before.Arm(name) != rollout.Treated) {
				names = append(names, name)
				joined++
			}
		}
		before = p
	}
	return append(names, cast(before, rollout.Holdout, actors)...)
}

// went returns where the route went, the oldest first.
func (c *climber) went() (stands []string) {
	for _, e := range slices.Backward(c.ladder.Log(climbing, 100)) {
		stands = append(stands, e.Who+": "+e.To)
	}
	return stands
}

func TestAutopilotClimbsWhileTheGuardsPassAndFallsForGood(t *testing.T) {
	inTime(t)
	all := []string{"autopilot: coalesce 5%", "autopilot: coalesce 25%", "autopilot: coalesce 50%", "autopilot: coalesce 100%"}
	for _, steps := range []int{2, len(all)} {
		t.Run(fmt.Sprintf("broken after %d steps", steps), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			c := newClimber(t, s.server.URL, guard.Climb{Dwell: time.Second, Passing: time.Second})
			crowd := gather(t, c.front, gathering{paths: documents(climbing), treated: onEveryStep(), every: pace / 2})
			eventually(t, func() error {
				if went := c.went(); len(went) < steps {
					j, _ := c.proxy.Judgement(climbing)
					return fmt.Errorf("went %q: %v", went, j.Verdicts)
				}
				return nil
			})
			s.breaks()
			want := append(slices.Clone(all[:steps]), "guard: observe 100%")
			eventually(t, func() error {
				if went := c.went(); !slices.Equal(went, want) {
					return fmt.Errorf("went %q, want %q", went, want)
				}
				return nil
			})
			polled := crowd.all()
			eventually(t, func() error { // long enough to climb again
				if more := crowd.all() - polled; more < 10*evidence {
					return fmt.Errorf("%d polls since the fall", more)
				}
				return nil
			})
			if went := c.went(); !slices.Equal(went, want) {
				t.Errorf("went %q, want it to stay where it fell", went)
			}
		})
	}
}
