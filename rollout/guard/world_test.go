package guard

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// A world is a simulated route: actors who poll every five seconds through a rung
// that some of them stand on, and what befalls them.
type world struct {
	random  *rand.Rand
	monitor *Monitor
	now     time.Time
	actors  []actor
	rate    float64 // polls a second
	fault   fault

	// since the fault began
	polls  [sides]uint32
	checks uint32
	begun  uint32
}

type actor struct {
	hash   uint64
	arm    rollout.Arm
	broken bool // whose page fails whatever anybody does
}

// A fault is what goes wrong, each as a share or an addition.
type fault struct {
	upstream float64       // of calls fail, whoever's
	treated  float64       // of treated polls fail
	ours     float64       // of treated polls fail through Pollard
	slow     time.Duration // is added to treated polls
	slowBoth time.Duration // is added to all
	stale    float64       // of answers from memory are too old
	shadow   float64       // of shadow checks differ
	dryRun   float64       // of dry-run comparisons differ
	watches  float64       // of watches fail
}

// Healthy traffic has failures: of calls, and of all polls of a few actors.
const (
	callsFail    = 0.001
	actorsBroken = 0.002
	holdoutShare = 0.01
	hitShare     = 0.9  // of treated polls
	checkShare   = 0.01 // of hits
)

func newWorld(seed uint64, rate float64, percent rollout.Percent, stage rollout.Stage) *world {
	w := &world{
		random: rand.New(rand.NewPCG(seed, uint64(percent))),
		now:    time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
		rate:   rate,
	}
	w.monitor = New(w.now, stage, Options{})
	for range max(int(5*rate), 50) {
		w.actors = append(w.actors, actor{hash: w.random.Uint64(), broken: w.chance(actorsBroken)})
	}
	w.stand(percent)
	return w
}

// stand puts each actor on its arm, by its hash: a higher percentage moves nobody down.
func (w *world) stand(percent rollout.Percent) {
	for i := range w.actors {
		a := &w.actors[i]
		switch draw, lot := a.hash%100_000, a.hash>>32%100_000; {
		case lot < holdoutShare*100_000:
			a.arm = rollout.Holdout
		case draw < uint64(percent):
			a.arm = rollout.Treated
		default:
			a.arm = rollout.Control
		}
	}
}

// second lets one second pass and returns the verdicts after it.
func (w *world) second() []Verdict {
	for range poisson(w.random, w.rate) {
		w.poll(w.actors[w.random.IntN(len(w.actors))])
	}
	if w.monitor.stage == rollout.Push {
		w.watch()
	}
	w.now = w.now.Add(time.Second)
	return w.monitor.Verdicts(w.now)
}

func (w *world) poll(who actor) {
	w.polls[sideOf(who.arm)]++
	a := Answer{Arm: who.arm, Actor: who.hash, Failed: who.broken || w.chance(callsFail)}
	a.Took = w.upstreamTakes() + w.fault.slowBoth
	if who.arm != rollout.Treated {
		a.Failed = a.Failed || w.chance(w.fault.upstream)
		w.compare(DryRun, w.fault.dryRun)
		w.monitor.Answered(a)
		return
	}
	if w.chance(hitShare) && !who.broken {
		a = w.hit(a)
	} else {
		a.Failed = a.Failed || w.chance(w.fault.upstream)
	}
	a.Took += w.fault.slow
	a.Ours = w.chance(w.fault.ours)
	a.Failed = a.Failed || a.Ours || w.chance(w.fault.treated)
	w.monitor.Answered(a)
}

func (w *world) hit(a Answer) Answer {
	a.Failed, a.Took = false, 50*time.Microsecond
	a.Interval, a.Age = 5*time.Second, time.Duration(w.random.Int64N(int64(5*time.Second)))
	if w.chance(w.fault.stale) {
		a.Age = time.Minute
	}
	if w.chance(checkShare) {
		w.compare(Shadow, w.fault.shadow)
	}
	return a
}

func (w *world) compare(s Source, differ float64) {
	w.checks++
	if w.chance(differ) {
		w.monitor.Compared(s, Mismatch, 1)
		return
	}
	w.monitor.Compared(s, Match, 1)
}

// watch lets watches begin and end.
func (w *world) watch() {
	for range poisson(w.random, 10) {
		w.begun++
		w.monitor.WatchBegan()
		if w.chance(w.fault.watches + callsFail) {
			w.monitor.WatchFailed()
		}
	}
}

// upstreamTakes is around 40 ms and now and then much more.
func (w *world) upstreamTakes() time.Duration {
	return time.Duration(40e6 * lognormal(0.6)(w.random))
}

func (w *world) chance(p float64) bool { return w.random.Float64() < p }

// strike lets a fault begin.
func (w *world) strike(f fault) {
	w.fault, w.polls, w.checks, w.begun = f, [sides]uint32{}, 0, 0
}

// evidenceIsIn reports whether there has been the minimum of samples for what guard
// judges since the fault began.
func (w *world) evidenceIsIn(guard string) bool {
	o := w.monitor.options
	switch guard {
	case Mismatches:
		return w.checks >= o.Checks
	case Watches:
		return w.begun >= o.Watches
	case Staleness:
		return w.polls[treated] >= o.Polls
	}
	return w.polls[treated] >= o.Polls && w.polls[untreated] >= o.Polls
}

// poisson draws how many events happen where mean are expected.
func poisson(random *rand.Rand, mean float64) int {
	n := 0
	for t := random.ExpFloat64(); t < mean; t += random.ExpFloat64() {
		n++
	}
	return n
}

func lognormal(sigma float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return math.Exp(sigma * r.NormFloat64()) }
}
