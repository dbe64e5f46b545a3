package proxy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout"
)

// siege is a site whose rules never rest: while its users poll, watch and write, it
// is reloaded, killed, revived, touched and told forged states.
type siege struct {
	*site
	polls atomic.Uint64 // sent, by those who are on the route
}

// diary is the besieged upstream: every page says whose it is, and all tags are
// equal.
type diary struct{ version, requests atomic.Uint64 }

func (d *diary) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		d.version.Add(1)
		return
	}
	d.requests.Add(1)
	tag := fmt.Sprintf(`"v%d"`, d.version.Load())
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	fmt.Fprintf(w, `{"of":%q}`, r.Header.Get("Cookie"))
}

// rules are those of one day of the siege. Everything is never shared: nothing here
// is public.
func rules(rnd *rand.Rand) RouteOptions {
	return polled("/own/*", pushed, func(o *RouteOptions) {
		o.Policy.Share = []coalescer.Share{coalescer.Nothing, coalescer.Changes, coalescer.Verified}[rnd.IntN(3)]
		o.Policy.Audit, o.Policy.Lease, o.Policy.StaleIfError = 5*time.Second, 4*time.Second, time.Minute
		o.Rollout.Stage = []rollout.Stage{rollout.Off, rollout.Observe, rollout.Coalesce, rollout.Push, rollout.Push}[rnd.IntN(5)]
		o.Rollout.Percent = rollout.Percent(rnd.IntN(int(rollout.Everyone) + 1))
		o.Check = rollout.Everyone
		o.Identity = [][]string{nil, {"X-Tenant"}}[rnd.IntN(2)]
		o.IgnoreCookies = [][]string{nil, {"_ga"}}[rnd.IntN(2)]
		o.IgnoreQuery = [][]string{nil, {"_"}}[rnd.IntN(2)]
		o.TouchedBy = []Endpoint{{Method: http.MethodPost, Path: "/own/*"}}
		if rnd.IntN(2) == 0 {
			toldBy(ledger.TouchAPI)(o)
		}
	})
}

func (s *siege) user(name string, rnd *rand.Rand) {
	cookie := "sid=" + name
	for range 400 {
		target := fmt.Sprintf("/own/%d?_=%d", rnd.IntN(3), rnd.IntN(4))
		switch rnd.IntN(12) {
		case 0:
			s.ask(request("POST "+target, "Cookie: "+cookie))
		case 1:
			s.watches(target, cookie, time.Duration(rnd.IntN(4000))*time.Millisecond)
		case 2:
			s.polls.Add(1)
			s.wantOwn("HEAD", cookie, s.ask(request("HEAD "+target, "Cookie: "+cookie)))
		case 3:
			s.polls.Add(1)
			s.wantOwn("long poll", cookie, s.ask(request(target, "Cookie: "+cookie, "Prefer: wait=3", `If-None-Match: "v1"`)))
		default:
			s.polls.Add(1)
			s.wantOwn("poll", cookie, s.get(target, "Cookie: "+cookie))
		}
		time.Sleep(time.Duration(rnd.IntN(300)) * time.Millisecond)
	}
}

func (s *siege) watches(target, cookie string, d time.Duration) {
	c, resp := s.upgrade(target, "", "Cookie: "+cookie)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return // upstream, which knows no sockets, or a rung below
	}
	in := c.heard()
	time.Sleep(d)
	c.Close()
	for _, message := range in.messagesSoFar() {
		if strings.HasPrefix(message, "{") && message != ownPage(cookie) {
			s.t.Errorf("%s was pushed %s", cookie, message)
		}
	}
}

func (in *inbox) messagesSoFar() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]string(nil), in.messages...)
}

func ownPage(cookie string) string { return fmt.Sprintf(`{"of":%q}`, cookie) }

func (s *siege) wantOwn(what, cookie string, resp *http.Response) {
	got := body(resp)
	if resp.StatusCode == http.StatusOK && got != ownPage(cookie) && !(what == "HEAD" && got == "") {
		s.t.Errorf("%s of %s: got %s", what, cookie, got)
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNotModified {
		s.t.Errorf("%s of %s: got %s", what, cookie, resp.Status)
	}
}

// operate reloads, kills, touches and forges, until the context ends.
func (s *siege) operate(ctx context.Context, rnd *rand.Rand) {
	for ctx.Err() == nil {
		switch rnd.IntN(6) {
		case 0:
			reload(s.rig, rules(rnd))
			s.Push.SendAway(ctx)
		case 1:
			reload(s.rig, polled("/own/*", func(o *RouteOptions) { o.Rollout.Stage = rollout.Off }))
			s.Push.SendAllAway(ctx)
			s.Coalescer.Expire()
			reload(s.rig, rules(rnd))
		case 2:
			if _, err := s.Supply(ledger.TouchAPI, "/own/1", coalescer.Representation{Body: []byte(`{"of":"forged"}`), Tag: `"v1"`}); err == nil {
				s.t.Error("a representation was taken of what is not public")
			}
			s.Coalescer.Supply(ledger.TouchAPI, s.tables.Load().routes[0].live, &coalescer.Representation{Path: "/own/1", Body: []byte(`{"of":"forged"}`), Tag: `"v1"`})
		default:
			if _, err := s.Touch(News{Source: ledger.TouchAPI, Paths: []string{"/own/0", "/own/1?_=2", "/none"}, Patterns: []string{"/**"}}); err != nil {
				s.t.Error(err)
			}
		}
		time.Sleep(time.Duration(rnd.IntN(5000)) * time.Millisecond)
	}
}

// TestWhateverOperatorsDoMeanwhileEachIsGivenTheirOwn: no order of reloads, kills and
// news hands anybody what is somebody else's, loses a count, or leaves anything running.
func TestWhateverOperatorsDoMeanwhileEachIsGivenTheirOwn(t *testing.T) {
	seeds := uint64(3)
	if brief() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			d := &diary{}
			up := httptest.NewServer(d)
			var r *rig
			synctest.Test(t, func(t *testing.T) {
				f := forwarder(t, up.URL)
				r = rigOver(t, f, delayed{f, latency(seed)}, rules(rand.New(rand.NewPCG(seed, 0))))
				r.LogPolls(false, 0)
				covering(r, rules(rand.New(rand.NewPCG(seed, 0))))
				s := &siege{site: openSite(r)}
				s.live(seed)
				s.close()
				r.Close()
				if c := r.counts("polled"); c.Polls != s.polls.Load() {
					t.Errorf("%d polls were sent, the outcomes add up to %d: %v", s.polls.Load(), c.Polls, c.ByOutcome)
				}
			})
			up.Close()
			c, others := r.counts("polled"), r.counts(ledger.Other)
			if got := c.Upstream + others.Upstream - d.version.Load(); got != d.requests.Load() {
				t.Errorf("upstream got %d requests, the metric says %d: %v and %v", d.requests.Load(), got, c.ByReason, others.ByReason)
			}
			t.Logf("%d polls %v, %d calls %v", c.Polls, c.ByOutcome, c.Upstream, c.ByReason)
		})
	}
}

func (s *siege) live(seed uint64) {
	ctx, cancel := context.WithCancel(context.Background())
	var users, operators sync.WaitGroup
	for i := range 3 {
		operators.Go(func() { s.operate(ctx, rand.New(rand.NewPCG(seed, 100+uint64(i)))) })
	}
	for i := range 12 {
		users.Go(func() { s.user(fmt.Sprint("user", i%6), rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	users.Wait()
	cancel()
	operators.Wait()
}
