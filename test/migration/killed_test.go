package migration

import (
	"fmt"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

func TestNothingFallsWhileAllIsKilled(t *testing.T) {
	takesTime(t)
	s := newSite(t)
	r := &rung{fault: faults[0], stage: rollout.Coalesce, percent: 25_000}
	p := serve(t, s.server.URL, r.config())
	crowd := r.gather(p)
	p.eventually(func() error { return crowd.hasPolled(2 * actors) })
	p.rollout("kill", "--why", "a look at what is wrong")
	s.breaks()
	p.eventually(func() error { return crowd.hasPolled(6 * evidence / 5) })
	if e := p.fall(r.name()); e.Who != "" {
		t.Errorf("fell while every poll passed: %s", e.Why)
	}
	p.rollout("revive")
	e := p.eventuallyFalls(r.name())
	if e.From != "coalesce 25%" {
		t.Errorf("fell from %s, want it to have stood where it stood before the kill", e.From)
	}
}

// kills are the ways to throw the kill switch when both the state folder and the
// configuration file are gone. The file in the state folder is a way again as soon
// as somebody makes the folder.
var kills = []struct {
	name   string
	throw  func(*pollard)
	revive func(*pollard)
}{
	{"by the command", func(p *pollard) { p.rollout("kill") }, reviveByCommand},
	{"by a call", func(p *pollard) { p.call(http.MethodPut, "/api/v1/kill") }, func(p *pollard) { p.call(http.MethodDelete, "/api/v1/kill") }},
	{"by a signal", func(p *pollard) { p.signal(syscall.SIGUSR1) }, reviveByCommand},
	{"by a file", (*pollard).touchKill, (*pollard).removeKill},
}

func reviveByCommand(p *pollard) { p.rollout("revive") }

func TestTheKillSwitchWorksWhenNothingElseDoes(t *testing.T) {
	t.Parallel()
	for _, way := range kills {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			p := serve(t, s.server.URL, "  - {name: page, path: /page, stage: coalesce, share: everything, interval: 1h, max_interval: 1h, audit: 1h, holdout: 0}\n")
			p.wantHit(s)
			s.hang()
			p.removeState()
			if err := os.Remove(p.config()); err != nil {
				t.Fatal(err)
			}
			way.throw(p)
			p.eventually(func() error {
				if !p.route("page").Killed {
					return fmt.Errorf("it is not killed %s", way.name)
				}
				return nil
			})
			p.wantPassed(s)
			s.recover()
			way.revive(p)
			p.eventually(func() error {
				if r := p.route("page"); r.Killed || r.Stage != rollout.Coalesce {
					return fmt.Errorf("it is not as before: killed %v, at %v", r.Killed, r.Position)
				}
				return nil
			})
			p.wantHit(s)
		})
	}
}

// wantHit has somebody poll twice, and upstream be asked once for it at most.
func (p *pollard) wantHit(s *site) {
	p.t.Helper()
	before := s.arrived("/page")
	for range 2 {
		resp, err := http.Get(p.url("page"))
		if err != nil {
			p.t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			p.t.Errorf("got %s, want 200", resp.Status)
		}
	}
	if n := s.arrived("/page") - before; n != 1 {
		p.t.Errorf("two polls made %d calls, want 1", n)
	}
}

// wantPassed has somebody poll what Pollard holds, and upstream be asked for it,
// which does not answer.
func (p *pollard) wantPassed(s *site) {
	p.t.Helper()
	before := s.arrived("/page")
	client := &http.Client{Timeout: 10 * time.Second}
	asked := make(chan error, 1)
	go func() {
		resp, err := client.Get(p.url("page"))
		if err == nil {
			resp.Body.Close()
		}
		asked <- err
	}()
	p.eventually(func() error {
		if s.arrived("/page") == before {
			return fmt.Errorf("the poll does not reach upstream")
		}
		return nil
	})
	s.recover()
	if err := <-asked; err != nil {
		p.t.Errorf("the poll that passed: %v", err)
	}
}

func (p *pollard) url(route string) string { return p.front + "/" + route }

// call changes something at the admin listener.
func (p *pollard) call(method, path string) {
	p.t.Helper()
	r, err := http.NewRequest(method, p.admin+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		p.t.Fatalf("%s %s: got %s, want 200", method, path, resp.Status)
	}
}

func (p *pollard) removeState() {
	p.t.Helper()
	if err := os.RemoveAll(p.state()); err != nil {
		p.t.Fatal(err)
	}
}

// touchKill makes the kill file, and the folder that it is in.
func (p *pollard) touchKill() {
	p.t.Helper()
	if err := os.MkdirAll(p.state(), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(p.state()+"/kill", nil, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// removeKill leaves the folder: without one nobody can tell whether the file is gone.
func (p *pollard) removeKill() {
	p.t.Helper()
	if err := os.Remove(p.state() + "/kill"); err != nil {
		p.t.Fatal(err)
	}
}
