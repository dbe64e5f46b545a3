package coalescer_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/test/program"
)

// The simulated policy. An answer is at most an interval old because a call and
// the pause after it fit in one.
const (
	simInterval     = 3 * time.Second
	simAudit        = 15 * time.Second
	simStaleIfError = 20 * time.Second
	simMaxBody      = 200
)

func simPolicy(share coalescer.Share) coalescer.Policy {
	return coalescer.Policy{
		Share: share, Interval: simInterval, MinInterval: time.Second, MaxInterval: 10 * time.Second,
		Timeout: 2 * time.Second, MaxBody: simMaxBody, StaleIfError: simStaleIfError, Audit: simAudit, Lease: simLease,
	}
}

const (
	simUsers     = 3
	simTabs      = 8 // of each user
	simTargets   = 8
	simBusy      = 4  // of them, which change all the time; the others seldom do
	simDocuments = 80 // room for what the tabs poll all the time, and little more
)

// simPolls is how often each tab polls before the calm.
func simPolls() int {
	if brief() {
		return 100
	}
	return 1100
}

// brief reports whether a simulation may be a fraction of what it is else: under the race
// detector it takes ten times as long, and make test-plain runs all of it without.
func brief() bool { return testing.Short() || program.Raced }

// simulation is a world of users whose tabs poll documents that change, behind
// an upstream that fails in every way that we know.
type simulation struct {
	seed    uint64
	s       *scene
	app     *simApp
	began   time.Time
	tabs    []*simTab
	viewers []*simViewer

	mu       sync.Mutex
	sessions map[string]int // the one that each user is signed in with
	outcomes map[ledger.Outcome]int
	covered  int
}

// TestSimulationNobodyIsToldWhatTheyMayNotBeTold runs some 10^5 polls in six
// worlds; under the race detector some 10^4. A failure names its seed: with SIMULATION_SEED=n in the environment
// the same worlds come again, and with -cpu 1 they come again poll by poll
// (those who are woken at one moment run in any order otherwise).
func TestSimulationNobodyIsToldWhatTheyMayNotBeTold(t *testing.T) {
	seed := uint64(1)
	if n, err := strconv.ParseUint(os.Getenv("SIMULATION_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("SIMULATION_SEED=%d", seed)
	for _, world := range []struct {
		stamps bool
		share  coalescer.Share
	}{
		{false, coalescer.Nothing}, {true, coalescer.Nothing}, {false, coalescer.Changes}, {true, coalescer.Changes},
		{false, coalescer.Verified}, {true, coalescer.Verified},
	} {
		t.Run(fmt.Sprintf("stamps %v, share %v", world.stamps, world.share), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newSimulation(t, seed, world.stamps, world.share).run() })
		})
	}
}

func newSimulation(t *testing.T, seed uint64, stamps bool, share coalescer.Share) *simulation {
	app := newSimApp(seed, stamps)
	up := newUpstream(t)
	up.forgets = true
	up.does(app.answer)
	c := coalescer.New(coalescer.Options{Transport: watched{up, app}, Documents: simDocuments})
	w := &simulation{
		seed: seed, app: app, began: time.Now(), s: &scene{t: t, up: up, c: c, route: newRoute(simPolicy(share))},
		sessions: map[string]int{}, outcomes: map[ledger.Outcome]int{},
	}
	for i := range simUsers * simTabs {
		w.tabs = append(w.tabs, newSimTab(w, i))
	}
	for i := range simUsers * simViewers {
		w.viewers = append(w.viewers, newSimViewer(w, i))
	}
	return w
}

func newSimTab(w *simulation, i int) *simTab {
	tab := &simTab{
		w: w, rng: rand.New(rand.NewPCG(w.seed, uint64(i))), user: fmt.Sprint("user", i%simUsers),
		accept: []string{"application/json", "text/html"}[i/simUsers%2], has: map[string]*copyOf{},
	}
	for len(tab.targets) < 3 {
		tab.targets = append(tab.targets, fmt.Sprint("/doc/", tab.rng.IntN(simTargets)))
	}
	return tab
}

func (w *simulation) session(user string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sessions[user]
}

func (w *simulation) count(got told) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outcomes[got.outcome]++
	if got.answer.Covered {
		w.covered++
	}
}

// run lets the storm pass, then the calm, and looks at what is left.
func (w *simulation) run() {
	stop := make(chan struct{})
	var storm sync.WaitGroup
	storm.Go(func() { w.trouble(stop) })
	storm.Go(func() { w.news(stop) })
	storm.Go(w.watchAll(stop))
	w.eachTab(simPolls(), false)
	close(stop)
	storm.Wait()

	w.clear()
	w.eachTab(60, true) // whatever is remembered ends
	w.calm()
	w.s.c.Close()
	w.s.up.wantQuiet()
	w.s.t.Logf("polls by outcome %v, covered for %d, evicted %d", w.outcomes, w.covered, w.s.c.Usage().Evicted)
	frames, ended := 0, map[int]int{}
	for _, v := range w.viewers {
		frames += v.frames
		for status, n := range v.ended {
			ended[status] += n
		}
	}
	w.s.t.Logf("told %d frames, watches ended by status %v", frames, ended)
	for _, document := range w.app.doubly {
		w.s.t.Errorf("seed %d: two calls at once of %s", w.seed, document)
	}
}

func (w *simulation) eachTab(polls int, quiet bool) {
	var wg sync.WaitGroup
	for _, tab := range w.tabs {
		wg.Go(func() { tab.run(polls, quiet) })
	}
	wg.Wait()
}

// trouble edits, signs users out, and changes moods and weather until told to
// stop.
func (w *simulation) trouble(stop <-chan struct{}) {
	rng := rand.New(rand.NewPCG(w.seed, 1<<32))
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(rng.Int64N(int64(800 * time.Millisecond)))):
		}
		target := fmt.Sprint("/doc/", rng.IntN(simTargets))
		switch dice := rng.IntN(100); {
		case dice < 45:
			w.app.edit(fmt.Sprint("/doc/", rng.IntN(simBusy)))
		case dice < 46:
			w.app.edit(target)
		case dice < 58:
			w.signOut(fmt.Sprint("user", rng.IntN(simUsers)))
		case dice < 72:
			w.setMood(target, mood(rng.IntN(int(moods))))
		case dice < 88:
			w.setMood(target, shareable)
		case dice < 94:
			w.setWeather(weather(rng.IntN(int(weathers))))
			time.Sleep(time.Duration(rng.Int64N(int64(10 * time.Second))))
			w.setWeather(fine)
		}
	}
}

// news tells of changes, true or not, one by one and many at once, until told to
// stop.
func (w *simulation) news(stop <-chan struct{}) {
	rng := rand.New(rand.NewPCG(w.seed, 1<<33))
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(rng.Int64N(int64(2 * time.Second)))):
		}
		target := fmt.Sprint("/doc/", rng.IntN(simTargets))
		for range 1 + rng.IntN(3)*rng.IntN(100) {
			w.s.c.Touch(ledger.TouchAPI, target, "")
			time.Sleep(time.Duration(rng.Int64N(int64(10 * time.Millisecond))))
		}
		if rng.IntN(10) == 0 {
			w.s.c.TouchAll(ledger.Webhook, func(string) bool { return true })
		}
	}
}

// signOut ends a session; the user has a new one, which the tabs find out.
func (w *simulation) signOut(user string) {
	w.mu.Lock()
	old := fmt.Sprintf("%s.%d", user, w.sessions[user])
	w.sessions[user]++
	w.mu.Unlock()
	w.app.mu.Lock()
	defer w.app.mu.Unlock()
	w.app.dead[old] = time.Now()
}

func (w *simulation) setMood(target string, m mood) {
	w.app.mu.Lock()
	defer w.app.mu.Unlock()
	w.app.mood[target] = m
}

func (w *simulation) setWeather(now weather) {
	w.app.mu.Lock()
	defer w.app.mu.Unlock()
	w.app.weary = now
}

func (w *simulation) clear() {
	w.setWeather(fine)
	for i := range simTargets {
		w.setMood(fmt.Sprint("/doc/", i), shareable)
	}
	for _, tab := range w.tabs {
		tab.signIn(w.session(tab.user))
	}
}

// calm holds that where nothing changes each document is asked for once per
// interval, beside what proves once per audit that its body may be given.
func (w *simulation) calm() {
	w.app.mu.Lock()
	clear(w.app.asked)
	w.app.mu.Unlock()
	began := time.Now()
	w.eachTab(60, true)
	took := time.Since(began)
	limit := int(took/simInterval+took/simAudit) + 2
	w.app.mu.Lock()
	defer w.app.mu.Unlock()
	for document, n := range w.app.asked {
		if n > limit {
			w.s.t.Errorf("seed %d: %d calls of %s within %v, want at most %d", w.seed, n, document, took, limit)
		}
	}
}
