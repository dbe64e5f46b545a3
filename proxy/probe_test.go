package proxy

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
)

// probed is an upstream that stamps paths as GitLab does, varies on fields that
// nobody declared, and notes the fields of each request.
type probed struct {
	mu   sync.Mutex
	seen []http.Header
}

func (p *probed) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, r.Header.Clone())
	says("for "+r.Header.Get("Cookie"), `ETag: W/"v1"`, "Vary: X-Api-Key")(w, r)
}

// last returns the names of the fields of the last request, sorted.
func (p *probed) last() (names []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range p.seen[len(p.seen)-1] {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestProbesCarryNothingOfWhoAsks: only what selects the representation, and of
// that nothing that was merely learnt, for it may be a credential.
func TestProbesCarryNothingOfWhoAsks(t *testing.T) {
	var up probed
	lines := []string{
		"Accept: text/html", "Accept-Encoding: gzip", "Cookie: sid=a", "Authorization: Bearer a", "Private-Token: a", "Job-Token: a",
		"Deploy-Token: a", "X-Tenant: a", "X-Theme: dark", "X-Api-Key: a", "Referer: /?token=a", "X-Csrf-Token: a", "Te: trailers",
		"X-Forwarded-User: a", "X-Forwarded-Access-Token: a", "X-Forwarded-Host: app.test", "X-Real-Ip: 192.0.2.1", "Origin: https://other.test",
	}
	unlearnt := slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return strings.HasPrefix(l, "X-Api-Key") })
	declared := func(o *RouteOptions) { o.Identity, o.Variant = []string{"X-Tenant"}, []string{"X-Theme"} }
	play(t, up.serve, func(r *rig) {
		r.get("/d", unlearnt...)
		poll := func() { r.ask(from(balancer, request("/d", lines...))) }
		poll()
		time.Sleep(3 * time.Second)
		poll()
		c := r.counts("polled")
		if c.ByReason[ledger.Probe] != 1 || c.ByOutcome[ledger.Hit] != 1 {
			t.Errorf("upstream requests %v, outcomes %v; want a probe, and a hit by it", c.ByReason, c.ByOutcome)
		}
		got, want := up.last(), []string{"Accept", "Accept-Encoding", "If-None-Match", "User-Agent", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Theme"}
		if !slices.Equal(got, want) {
			t.Errorf("the probe has the fields %q, want %q", got, want)
		}
	}, polled("/*", sharing(coalescer.Changes), declared))
}

func TestURLsWithSecretsAreNotProbed(t *testing.T) {
	for _, query := range []string{"?private_token=x", "?X-Amz-Signature=x", "?api%5Fkey=x", "?%74oken=x", "?a=1;JWT=x"} {
		var up probed
		play(t, up.serve, func(r *rig) {
			for range 3 {
				r.get("/d"+query, "Cookie: sid=a")
				time.Sleep(3 * time.Second)
			}
			if c := r.counts("polled"); c.ByReason[ledger.Probe] != 0 {
				t.Errorf("%s was probed: %v", query, c.ByReason)
			}
		}, polled("/*", sharing(coalescer.Changes)))
	}
}

// TestUpstreamIsAskedAsTheClientWouldBe: but for the condition, which is ours.
func TestUpstreamIsAskedAsTheClientWouldBe(t *testing.T) {
	var up probed
	play(t, up.serve, func(r *rig) {
		r.get("/d", "Cookie: sid=a", "X-Csrf-Token: t", "Accept: a", "Accept: b", `If-None-Match: "mine"`,
			"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", "Connection: keep-alive", "X-Forwarded-For: 6.6.6.6")
		h := up.seen[0]
		for name, want := range map[string]string{
			"Cookie": "sid=a", "X-Csrf-Token": "t", "Accept": "a|b", "If-None-Match": `"mine"`, "If-Modified-Since": "",
			"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Host": "app.test", "User-Agent": "", "Accept-Encoding": "",
		} {
			if got := strings.Join(h[name], "|"); got != want {
				t.Errorf("%s: upstream got %q, want %q", name, got, want)
			}
		}
	}, polled("/*"))
}

// The stamp is the path's: what differs between browsers asks no question of
// its own.
func TestOneProbeServesEveryVariantOfAPath(t *testing.T) {
	languages := []string{"Accept-Language: de", "Accept-Language: en", "Accept-Language: fr"}
	play(t, says("same", `ETag: W/"v1"`), func(r *rig) {
		for range 3 {
			for _, l := range languages {
				r.get("/d", l)
			}
			time.Sleep(3 * time.Second)
		}
		c := r.counts("polled")
		if got, want := c.ByReason[ledger.Poll], uint64(len(languages)); got != want {
			t.Errorf("%d calls for bodies, want one for each variant: %d", got, want)
		}
		if got := c.ByReason[ledger.Probe]; got != 2 {
			t.Errorf("%d probes in two intervals, want 2", got)
		}
	}, polled("/*", sharing(coalescer.Changes)))
}
