package migration

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// importer is a route of which everybody is given something else, under one URL.
const importer = "personal_importer"

func importerAt(stage, share string, more string) string {
	return fmt.Sprintf("  - {name: %s, path: /%s, stage: %s, share: %s, interval: 1s%s}\n", importer, importer, stage, share, more)
}

// users are people whom nothing but their cookies tells apart.
func users(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("person-%d", i))
	}
	return names
}

func TestAPersonalRouteIsNeverAdvisedToShareAndFallsWhenItDoes(t *testing.T) {
	takesTime(t)
	s := newSite(t)
	s.breaks()
	p := serve(t, s.server.URL, importerAt("observe", "nothing", ""))
	crowd := gather(t, p.front, gathering{paths: []string{"/" + importer}, untreated: users(400), every: 2 * time.Second})
	p.eventually(func() error {
		if a := p.advice()[importer]; a.Share != "nothing" || !strings.Contains(strings.Join(a.Reasons, " "), "pairs differed") {
			return fmt.Errorf("the advice is to share %q, because %q", a.Share, a.Reasons)
		}
		return nil
	})
	p.reconfigure("stage: observe, share: nothing", "stage: coalesce, percent: 1, autopilot: true, share: everything")
	fallen := p.eventuallyFalls(importer)
	if !strings.HasPrefix(fallen.Why, "mismatch:") || fallen.To != "observe 100%" {
		t.Errorf("went to %s: %s; want observe, for what differs", fallen.To, fallen.Why)
	}
	t.Logf("%s: from %s to %s: %s", fallen.When.Format(time.TimeOnly), fallen.From, fallen.To, fallen.Why)
	p.stop()
	p.start()
	crowd.front.Store(p.front)
	crowd.eventuallyPolls(p, 2*400)
	if r := p.route(importer); r.Stage != rollout.Observe || r.Moved == nil || !r.Moved.Fallen {
		t.Errorf("after a restart it stands at %v, moved %+v; want observe, fallen", r.Position, r.Moved)
	}
	if entries := p.moves(importer); entries[0] != fallen {
		t.Errorf("after the fall somebody moved it: %+v", entries[0])
	}
}

func TestShadowChecksAloneFindWhatIsSharedWrongly(t *testing.T) {
	takesTime(t)
	s := newSite(t)
	s.breaks()
	p := serve(t, s.server.URL, importerAt("observe", "everything", ", holdout: 0"))
	gather(t, p.front, gathering{paths: []string{"/" + importer}, treated: users(40), every: time.Second})
	p.rollout("set", importer, "coalesce", "100")
	fallen := p.eventuallyFalls(importer)
	if !strings.HasPrefix(fallen.Why, "mismatch:") || !strings.Contains(fallen.Why, "untreated 0 % of 0 dry-run") {
		t.Errorf("fell for %q, want shadow checks alone", fallen.Why)
	}
	log := p.rollout("log", importer)
	t.Log("\n" + log)
	if !strings.Contains(log, "guard") || !strings.Contains(log, fallen.Why) {
		t.Errorf("got the log\n%s\nwant the fall", log)
	}
}

// reconfigure replaces a part of the configuration, once, and waits until it is in
// force.
func (p *pollard) reconfigure(part, by string) {
	p.t.Helper()
	content, err := os.ReadFile(p.config())
	if err != nil {
		p.t.Fatal(err)
	}
	changed := strings.Replace(string(content), part, by, 1)
	if err := os.WriteFile(p.config(), []byte(changed), 0o600); err != nil || changed == string(content) {
		p.t.Fatalf("%q is not in the configuration, or cannot be written: %v", part, err)
	}
	p.eventually(func() error {
		if !strings.Contains(p.program.Log.String(), "configuration reloaded") {
			return errors.New("it does not reload")
		}
		return nil
	})
}
