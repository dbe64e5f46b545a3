package proxy

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/test/program"
)

// audit is how long the simulation's routes give out a body on one proof: short,
// so that it passes often.
const audit = 5 * time.Second

// kinds are the routes of the simulation, by the first segment of their path.
func kinds() []string {
	return []string{"stamped", "signal", "digest", "news", "naughty", "rough", "public", "mixed"}
}

// TestNoByteCrossesBetweenIdentities lets users poll, write, sign in and out and
// hang up at random, on URLs whose bodies differ per user while their tags do
// not. Whatever is for one of them reaches nobody else, and all counts close. A
// failure names its seed.
func TestNoByteCrossesBetweenIdentities(t *testing.T) {
	seeds, tabs, polls := 8, 48, 280 // 107,520 polls, and their writes
	if brief() {
		seeds, polls = 1, 60
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			f := newFleet(uint64(seed))
			up := httptest.NewServer(f)
			up.Config.ErrorLog = nil
			var w *world
			synctest.Test(t, func(t *testing.T) {
				w = newWorld(t, f, up.URL, uint64(seed))
				w.live(tabs, polls)
			})
			up.Close() // what is still being answered is counted
			w.close(t)
		})
	}
}

// brief reports whether a simulation may be a fraction of what it is else: under the race
// detector it takes several times as long, and make test-plain runs all of it without.
func brief() bool { return testing.Short() || program.Raced }

// A world is a rig and those who use it.
type world struct {
	t     *testing.T
	rig   *rig
	fleet *fleet

	mu        sync.Mutex
	sessions  int
	forwarded string
	polls     map[string]uint64 // sent, by kind
	faults    int
}

func newWorld(t *testing.T, f *fleet, upstream string, seed uint64) *world {
	w := &world{t: t, fleet: f, polls: map[string]uint64{}}
	fwd := forwarder(t, upstream)
	w.rig = rigOver(t, fwd, delayed{fwd, latency(seed)}, w.routes(3*time.Second)...)
	w.rig.LogPolls(false, 0)
	return w
}

// latency returns how long each way takes: now and then long.
func latency(seed uint64) func() time.Duration {
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(seed, 2))
	return func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		most := 60 * time.Millisecond
		if rnd.IntN(10) == 0 {
			most *= 10
		}
		return time.Duration(rnd.Int64N(int64(most)))
	}
}

func (w *world) routes(interval time.Duration) []RouteOptions {
	shares := map[string]coalescer.Share{
		"signal": coalescer.Changes, "news": coalescer.Changes, "rough": coalescer.Changes,
		"public": coalescer.Everything, "mixed": coalescer.Everything,
	}
	var routes []RouteOptions
	for _, kind := range kinds() {
		routes = append(routes, polled("/"+kind+"/*", sharing(shares[kind]), func(o *RouteOptions) {
			o.Name, o.IgnoreCookies = kind, []string{"_ga", "_g*"}
			o.Policy.Interval, o.Policy.Audit = interval, audit
		}))
	}
	return routes
}

// live runs tabs to their end, and reloads the routes meanwhile.
func (w *world) live(tabs, polls int) {
	var all sync.WaitGroup
	seed := rand.New(rand.NewPCG(w.fleet.rnd.Uint64(), 3))
	var owner *person
	open := make([]*tab, tabs) // all of them before one runs: then a person's newest session is its tabs'
	for i := range open {
		rnd := rand.New(rand.NewPCG(seed.Uint64(), uint64(i)))
		if i%4 == 0 {
			owner = &person{newest: w.signIn(rnd)}
		}
		open[i] = &tab{world: w, rnd: rnd, person: owner, session: owner.newest, known: map[string]copyOf{}}
	}
	for _, b := range open {
		all.Go(func() { b.run(polls) })
	}
	for i := range 10 {
		time.Sleep(10 * time.Second)
		if err := w.rig.Swap(w.routes(time.Duration(2+i%3)*time.Second), nil); err != nil {
			w.fault("reload: %v", err)
		}
	}
	all.Wait()
}

// signIn makes a new session of one of few users, or of nobody.
func (w *world) signIn(rnd *rand.Rand) *session {
	w.mu.Lock()
	w.sessions++
	n := w.sessions
	w.mu.Unlock()
	s := &session{wrote: map[string]int{}}
	if rnd.IntN(8) == 0 {
		s.credential = w.named()
		return s
	}
	s.user = fmt.Sprintf("user%d", rnd.IntN(12))
	s.carrier = carriers()[rnd.IntN(len(carriers()))]
	s.credential = fmt.Sprintf("%s-%d", s.user, n)
	w.fleet.signIn(s.credential, s.user)
	if s.carrier == "X-Forwarded-User" {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.forwarded = s.credential
	}
	return s
}

// named returns whom the balancer named last, for impostors.
func (w *world) named() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.forwarded
}

// sent notes a poll.
func (w *world) sent(target string) {
	kind, _, _ := strings.Cut(target[1:], "/")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.polls[kind]++
}

// fault notes what must not be; the first few say it all.
func (w *world) fault(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.faults++; w.faults <= 10 {
		w.t.Errorf(format, args...)
	}
}

// close checks the sums: each poll has one outcome, and what we say that
// upstream was asked it was asked.
func (w *world) close(t *testing.T) {
	w.fleet.mu.Lock()
	defer w.fleet.mu.Unlock()
	for _, leak := range w.fleet.leaks {
		t.Errorf("a probe: %s", leak)
	}
	seen := map[ledger.Outcome]uint64{}
	for _, kind := range kinds() {
		c := w.rig.counts(kind)
		if c.Polls != w.polls[kind] {
			t.Errorf("%s: %d polls were sent, the outcomes add up to %d: %v", kind, w.polls[kind], c.Polls, c.ByOutcome)
		}
		if want := uint64(w.fleet.requests[kind]); c.Upstream != want {
			t.Errorf("%s: upstream got %d requests, the metric says %d: %v", kind, want, c.Upstream, c.ByReason)
		}
		if want := uint64(w.fleet.probes[kind]); c.ByReason[ledger.Probe] != want {
			t.Errorf("%s: upstream got %d probes, the metric says %v", kind, want, c.ByReason)
		}
		for o, n := range c.ByOutcome {
			seen[o] += n
		}
		t.Logf("%-8s %6d polls, %6d upstream %v %v", kind, c.Polls, c.Upstream, c.ByOutcome, c.ByReason)
	}
	for _, o := range []ledger.Outcome{ledger.Hit, ledger.Collapsed, ledger.Revalidated, ledger.Fetched, ledger.Bypassed, ledger.Failed} {
		if seen[o] == 0 {
			t.Errorf("no poll was %v: the simulation does not reach what it should", o)
		}
	}
}
