package migration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"

	"github.com/pollard-proxy/pollard/proxy/admin"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// get reads from the admin listener.
func (p *pollard) get(path string, into any) {
	p.t.Helper()
	resp, err := http.Get(p.admin + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil || resp.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: got %s, %v; want 200 and JSON", path, resp.Status, err)
	}
}

// route returns how a route fares.
func (p *pollard) route(name string) admin.Route {
	p.t.Helper()
	var all []admin.Route
	p.get("/api/v1/routes", &all)
	i := slices.IndexFunc(all, func(r admin.Route) bool { return r.Name == name })
	if i < 0 {
		p.t.Fatalf("there is no route %s among %d", name, len(all))
	}
	return all[i]
}

// moves returns who moved a route, the newest first; of every route if it is "".
func (p *pollard) moves(route string) (entries []ladder.Entry) {
	p.t.Helper()
	p.get("/api/v1/audit?n=1000&route="+route, &entries)
	return entries
}

// fall returns what a guard did to a route; the zero value while none did.
func (p *pollard) fall(route string) ladder.Entry {
	p.t.Helper()
	for _, e := range slices.Backward(p.moves(route)) {
		if e.Who == "guard" {
			return e
		}
	}
	return ladder.Entry{}
}

// eventuallyFalls waits until a guard has stepped a route down for the first time.
func (p *pollard) eventuallyFalls(route string) (e ladder.Entry) {
	p.t.Helper()
	p.eventually(func() error {
		if e = p.fall(route); e.Who == "" {
			return fmt.Errorf("no guard steps %s down: %v", route, p.route(route).Guards)
		}
		return nil
	})
	return e
}

// command runs another command of the program and returns what it says.
func (p *pollard) command(args ...string) string {
	p.t.Helper()
	out, err := exec.Command(pollardPath, args...).Output()
	if err != nil {
		p.t.Fatalf("pollard %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// rollout is `pollard rollout`.
func (p *pollard) rollout(args ...string) string {
	p.t.Helper()
	return p.command(append([]string{"rollout", "--admin", p.admin}, args...)...)
}
