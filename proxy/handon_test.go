package proxy

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
)

// pair is two instances in front of one upstream, which counts its polls and says
// which version there is.
type pair struct {
	one, other *rig
	polls      atomic.Int64
	handed     []string // from the one to the other
}

func newPair(t *testing.T, routes ...RouteOptions) *pair {
	t.Helper()
	p := &pair{}
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			return
		}
		p.polls.Add(1)
		w.Header().Set("Etag", `"1"`)
		w.Write([]byte("upstream's"))
	}))
	t.Cleanup(up.Close)
	p.one, p.other = newRig(t, up.URL, routes...), newRig(t, up.URL, routes...)
	p.one.HandOn = func(message string) {
		p.handed = append(p.handed, message)
		if err := p.other.TakeOver(message); err != nil {
			t.Errorf("taking %s over: %v", message, err)
		}
	}
	p.other.HandOn = func(message string) { t.Errorf("what was handed on is handed on: %s", message) }
	return p
}

func TestWhatReachesOneInstanceHasTheOtherAskAnew(t *testing.T) {
	tells := map[string]func(*rig){
		"a touch":            func(r *rig) { r.Touch(News{Source: ledger.TouchAPI, Paths: []string{"/doc/1"}}) },
		"a pattern":          func(r *rig) { r.Touch(News{Source: ledger.TouchAPI, Patterns: []string{"/doc/*"}}) },
		"a webhook":          func(r *rig) { r.Touch(News{Source: ledger.Webhook, Paths: []string{"/doc/1"}}) },
		"a write that names": func(r *rig) { r.ask(request("PUT /edit/1")) },
		"a write to it":      func(r *rig) { r.ask(request("PATCH /doc/1")) },
	}
	for name, tell := range tells {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, polled("/doc/{id}", func(o *RouteOptions) { o.TouchedBy = []Endpoint{{"PUT", "/edit/{id}"}} }))
			p.other.get("/doc/1")
			p.other.get("/doc/1")
			tell(p.one)
			p.other.get("/doc/1")
			if got := p.polls.Load(); got != 2 {
				t.Errorf("upstream was asked %d times, want once more after the news", got)
			}
			if len(p.handed) != 1 {
				t.Errorf("handed on %q, want one message", p.handed)
			}
		})
	}
}

func TestWhatEveryInstanceHearsOrConcernsNoRouteIsNotHandedOn(t *testing.T) {
	p := newPair(t, polled("/doc/{id}"))
	p.one.Touch(News{Source: ledger.RedisNews, Paths: []string{"/doc/1"}})
	p.one.Touch(News{Source: ledger.GitLabNews, Paths: []string{"/doc/1"}})
	p.one.Touch(News{Source: ledger.FleetNews, Heartbeat: true})
	p.one.ask(request("POST /elsewhere"))
	if len(p.handed) > 0 {
		t.Errorf("handed on %q", p.handed)
	}
}

func TestARepresentationIsTheStateAtTheOtherInstanceToo(t *testing.T) {
	p := newPair(t, polled("/doc/{id}", sharing(coalescer.Everything)))
	for _, r := range []*rig{p.one, p.other} {
		r.get("/doc/1")
	}
	asked := p.polls.Load()
	if _, err := p.one.Supply(ledger.TouchAPI, "/doc/1", coalescer.Representation{Body: []byte("supplied"), Tag: `"2"`}); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*rig{p.one, p.other} {
		if got := body(r.get("/doc/1")); got != "supplied" {
			t.Errorf("got %q, want what was supplied", got)
		}
	}
	if got := p.polls.Load(); got != asked {
		t.Errorf("upstream was asked %d times more, want no call", got-asked)
	}
}

// Whoever may publish to Redis gets no further than whoever may touch.
func TestNothingThatIsTakenOverIsTrustedWithMoreThanATouch(t *testing.T) {
	p := newPair(t, polled("/doc/{id}"))
	p.other.get("/doc/1")
	for _, message := range []string{
		"", "nonsense", "{}", `{"by":"fleet"}`, `{"by":"redis","paths":["/doc/1"]}`, `{"by":"writes","method":"PUT"}`,
		`{"by":"touch","representation":{"body":"Zm9yZ2Vk","etag":"\"1\""}}`,
		`{"by":"touch","paths":["/doc/1"],"representation":{"body":"Zm9yZ2Vk","etag":"\"1\""}}`,
		`{"by":"touch","patterns":["no path"]}`,
	} {
		if err := p.other.TakeOver(message); err == nil {
			t.Errorf("taken over: %s", message)
		}
		if got := body(p.other.get("/doc/1")); strings.Contains(got, "forged") {
			t.Fatalf("%s: got %q", message, got)
		}
	}
	if got := p.polls.Load(); got != 1 {
		t.Errorf("upstream was asked %d times because of what is no news, want once at first", got)
	}
}
