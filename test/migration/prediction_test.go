package migration

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/pollard-proxy/pollard/rollout/advice"
)

// dayLength is how long 24 hours take. Polls are not faster by as much: see interval.
var dayLength = flag.Duration("day", 30*time.Second, "how long the day takes that is predicted")

// bound is how far a prediction may be off: five points.
const bound = 0.05

// outcome is what a day at one stage came to.
type outcome struct {
	polls  int                      // of everybody
	calls  map[string]int           // of the upstream, by route
	advice map[string]advice.Advice // by route
	logged map[string]advice.Advice // by route, from the upstream's access log
}

// predictions are what was predicted at a stage, and what happened, by route.
type predictions struct {
	stage                    string
	byAdvice, byLog, outcome map[string]float64
}

// dayInTime lives a day at every stage. On a machine that is too busy for the polls
// that were planned it is another day, which proves nothing: then once more, and no
// third time.
func dayInTime(t *testing.T, visits []visit) map[string]outcome {
	t.Helper()
	planned := polls(visits)
	for range 2 {
		days := liveEverywhere(t, visits, "observe", "coalesce", "push")
		observed := days["observe"]
		if came := total(observed.calls); came < observed.polls {
			t.Errorf("at observe %d calls came of %d polls", came, observed.polls)
		}
		if observed.polls >= planned*9/10 {
			return days
		}
		t.Logf("the machine is too busy for this day: it saw %d of %d polls", observed.polls, planned)
	}
	t.Skip("the machine was too busy twice: nothing is known")
	return nil
}

func TestADayIsPredictedWithinFivePoints(t *testing.T) {
	inTime(t)
	visits := plan(1, *dayLength)
	days := dayInTime(t, visits)
	observed := days["observe"]
	for _, stage := range []string{"coalesce", "push"} {
		p := predictions{stage, map[string]float64{}, map[string]float64{}, map[string]float64{}}
		for _, k := range kinds() {
			p.byAdvice[k.name] = predicted(t, observed.advice[k.name], stage, k.share)
			p.byLog[k.name] = predicted(t, observed.logged[k.name], stage, k.share)
			p.outcome[k.name] = 1 - float64(days[stage].calls[k.name])/float64(observed.calls[k.name])
		}
		t.Logf("%d visits, a day of %v\n%s", len(visits), *dayLength, p.table(observed.calls))
		p.hold(t)
	}
	if got := observed.advice["importer"].Share; got != "nothing" {
		t.Errorf("for a personal document got the advice %q, want nothing", got)
	}
}

// polls returns how many polls a day has when nothing delays them.
func polls(visits []visit) (n int) {
	for _, v := range visits {
		n += 1 + int(max(0, v.until-v.from)/v.wait)
	}
	return n
}

func total(calls map[string]int) (n int) {
	for _, c := range calls {
		n += c
	}
	return n
}

// liveEverywhere has the same day pass at several stages, side by side.
func liveEverywhere(t *testing.T, visits []visit, stages ...string) map[string]outcome {
	t.Helper()
	days, fleets, programs := map[string]outcome{}, map[string]*fleet{}, map[string]*pollard{}
	for _, stage := range stages {
		f := newFleet(t, kinds())
		var routes strings.Builder
		for _, k := range kinds() {
			routes.WriteString(k.config(stage))
		}
		fleets[stage], programs[stage] = f, serve(t, f.server.URL, routes.String())
	}
	var passing sync.WaitGroup
	polls := make([]int, len(stages))
	for i, stage := range stages {
		fleets[stage].begin()
		passing.Go(func() {
			var errs []error
			polls[i], errs = live(programs[stage].front, visits)
			for _, err := range errs {
				t.Errorf("at %s: %v", stage, err)
			}
		})
	}
	passing.Wait()
	for i, stage := range stages {
		calls, log := fleets[stage].counted()
		days[stage] = outcome{polls[i], calls, programs[stage].advice(), programs[stage].predictFromLog(log)}
	}
	return days
}

func (p *pollard) advice() map[string]advice.Advice {
	p.t.Helper()
	var all []advice.Advice
	p.get("/api/v1/advice", &all)
	return byRoute(all)
}

func byRoute(all []advice.Advice) map[string]advice.Advice {
	routes := map[string]advice.Advice{}
	for _, a := range all {
		routes[a.Route] = a
	}
	return routes
}

// predictFromLog is `pollard predict`, for the routes as they are configured.
func (p *pollard) predictFromLog(log string) map[string]advice.Advice {
	p.t.Helper()
	name := filepath.Join(p.t.TempDir(), "access.log")
	if err := os.WriteFile(name, []byte(log), 0o600); err != nil {
		p.t.Fatal(err)
	}
	var all []advice.Advice
	if err := json.Unmarshal([]byte(p.command("predict", "--json", "--config", p.config(), name)), &all); err != nil {
		p.t.Fatal(err)
	}
	return byRoute(all)
}

// predicted is what an advice says of a setting.
func predicted(t *testing.T, a advice.Advice, stage, share string) float64 {
	t.Helper()
	for _, p := range a.Predictions {
		if p.Stage == stage && p.Share == share {
			return p.Reduction.Point
		}
	}
	t.Fatalf("of %s nothing is predicted at %s: %+v", a.Route, stage, a)
	return 0
}

func (p *predictions) hold(t *testing.T) {
	t.Helper()
	for route, happened := range p.outcome {
		for source, said := range map[string]float64{"advice": p.byAdvice[route], "the log": p.byLog[route]} {
			if math.Abs(said-happened) > bound {
				t.Errorf("%s at %s: %s predicted %.1f %%, %.1f %% happened", route, p.stage, source, 100*said, 100*happened)
			}
		}
	}
}

func (p *predictions) table(polls map[string]int) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "AT %s\tPOLLS\tBY ADVICE\tBY LOG\tHAPPENED\t\n", strings.ToUpper(p.stage))
	for _, k := range kinds() {
		fmt.Fprintf(w, "%s (%s)\t%d\t%.1f\t%.1f\t%.1f\t\n", k.name, k.share, polls[k.name],
			100*p.byAdvice[k.name], 100*p.byLog[k.name], 100*p.outcome[k.name])
	}
	w.Flush() // to a strings.Builder, which does not fail
	return b.String()
}
