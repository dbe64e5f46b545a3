package migration

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// within is how soon after the evidence is in a guard must have stepped a route down.
// Where it is not said, it is as long as the tests are patient: the machine may be
// busy.
var within = flag.Duration("within", patience, "how soon after the evidence is in a guard must have stepped a route down")

// rung is one row of the matrix: a route at which something goes wrong.
type rung struct {
	fault
	stage   rollout.Stage
	percent rollout.Percent
	climbs  bool
}

func (r *rung) name() string {
	climbs := ""
	if r.climbs {
		climbs = "_climbing"
	}
	return fmt.Sprintf("%s_%v_%v%s", r.fault.name, r.stage, r.percent, climbs)
}

// config is the route, in YAML. Its polls are few: by default one answer in a hundred
// would be checked, which is one in four seconds.
func (r *rung) config() string {
	return fmt.Sprintf("  - {name: %s, path: /%s/*, stage: %v, percent: %v, autopilot: %v, share: everything, interval: 300ms, min_interval: 100ms, actor_cookie: user, check: 10}\n",
		r.name(), r.name(), r.stage, r.percent, r.climbs)
}

// matrix is every fault at every percentage, some of them while the route climbs and
// where it falls more than once, and what is no fault.
func matrix() (rungs []*rung) {
	for _, f := range append(faults, fault{none, ""}) {
		for _, percent := range []rollout.Percent{1_000, 25_000, rollout.Everyone} {
			rungs = append(rungs, &rung{fault: f, stage: rollout.Coalesce, percent: percent})
		}
		rungs = append(rungs, &rung{fault: f, stage: rollout.Coalesce, percent: 1_000, climbs: true})
	}
	for _, f := range []fault{faults[0], faults[4], {none, ""}} {
		rungs = append(rungs, &rung{fault: f, stage: rollout.Push, percent: rollout.Everyone})
	}
	return rungs
}

// Of each side of a route poll so many actors.
const (
	actors   = 10
	pace     = 400 * time.Millisecond
	evidence = 100 // polls of each side, which the guards want at least
)

func TestGuardsStepDownWhatIsFaultyAndNothingElse(t *testing.T) {
	inTime(t)
	s := newSite(t)
	var routes strings.Builder
	for _, r := range matrix() {
		routes.WriteString(r.config())
	}
	routes.WriteString("  - {name: silent, path: /silent, stage: coalesce, percent: 25, share: everything}\n")
	p := serve(t, s.server.URL, routes.String())
	var trials []*trial
	for _, r := range matrix() {
		trials = append(trials, &trial{rung: r, crowd: r.gather(p)})
	}
	for _, tr := range trials {
		p.eventually(func() error { return tr.crowd.hasPolled(evidence) })
	}
	p.wantNoFall("")
	s.breaks()
	for _, tr := range trials {
		tr.broke, tr.enough = time.Now(), tr.crowd.least()+evidence
	}
	p.eventuallyAllFall(trials)
	t.Log("\n" + p.hold(trials))
	p.wantNoFall(none)
	p.wantNoFall("silent")
}

// documents are the paths of what is polled on a route.
func documents(route string) (paths []string) {
	for n := range 3 {
		paths = append(paths, fmt.Sprintf("/%s/%d", route, n))
	}
	return paths
}

// gather has the actors of a route poll it.
func (r *rung) gather(p *pollard) *crowd {
	arms := policy(r.name(), r.stage, r.percent)
	other := rollout.Control
	if r.percent == rollout.Everyone {
		other = rollout.Holdout
	}
	return gather(p.t, p.front, gathering{documents(r.name()), cast(arms, rollout.Treated, actors), cast(arms, other, actors), pace})
}

// trial is a rung while it is tried.
type trial struct {
	*rung
	crowd  *crowd
	broke  time.Time
	enough int64        // polls of each side, with which the evidence is in
	in     time.Time    // when they were
	fell   ladder.Entry // for the first time
	last   string       // where it stands since it has moved
}

// eventuallyAllFall waits until whatever is faulty stands at observe.
func (p *pollard) eventuallyAllFall(trials []*trial) {
	p.t.Helper()
	p.eventually(func() error {
		entries := p.moves("")
		var standing error
		for _, tr := range trials {
			if tr.see(entries); tr.fault.name != none && (tr.last != "observe 100%" || tr.in.IsZero()) {
				standing = fmt.Errorf("%s stands at %q, after %d polls of each side: %v", tr.name(), tr.last, tr.crowd.least(), p.route(tr.name()).Guards)
			}
		}
		return standing
	})
}

// see takes in what has happened so far; the newest entry is the first.
func (tr *trial) see(entries []ladder.Entry) {
	if tr.in.IsZero() && tr.crowd.least() >= tr.enough {
		tr.in = time.Now()
	}
	for _, e := range slices.Backward(entries) {
		if e.Route != tr.name() {
			continue
		}
		if tr.last = e.To; tr.fell.Who == "" {
			tr.fell = e
		}
	}
}

// hold wants each fall to be for its reason, and in time, and returns all of them.
func (p *pollard) hold(trials []*trial) string {
	p.t.Helper()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ROUTE\tAFTER THE FAULT\tAFTER THE EVIDENCE\tWENT\tBECAUSE")
	for _, tr := range trials {
		if tr.fault.name == none {
			continue
		}
		e := tr.fell
		after, took := e.When.Sub(tr.broke), max(0, e.When.Sub(tr.in))
		fmt.Fprintf(w, "%s\t%.1f s\t%.1f s\t%s → %s\t%s\n", tr.name(), after.Seconds(), took.Seconds(), e.From, e.To, e.Why)
		if took > *within {
			p.t.Errorf("%s fell %v after the evidence was in, want it within %v", tr.name(), took, *within)
		}
		if e.Who != "guard" || !strings.HasPrefix(e.Why, tr.guard) {
			p.t.Errorf("%s was moved by %s for %q, want the guard, for %s", tr.name(), e.Who, e.Why, tr.guard)
		}
	}
	w.Flush() // to a strings.Builder, which does not fail
	return b.String()
}

// wantNoFall wants no route to have moved whose name begins with prefix.
func (p *pollard) wantNoFall(prefix string) {
	p.t.Helper()
	for _, e := range p.moves("") {
		if strings.HasPrefix(e.Route, prefix) {
			p.t.Errorf("%s, which is not faulty, went from %s to %s: %s", e.Route, e.From, e.To, e.Why)
		}
	}
}
