package admin

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// listener is an admin listener over a proxy with one route.
type listener struct {
	http.Handler
	proxy   *proxy.Handler
	ledger  *ledger.Ledger
	history *History
}

func listen(t *testing.T, adapt func(*Options)) *listener {
	t.Helper()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		io.WriteString(w, "the body")
	}))
	at, err := url.Parse(up.URL)
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	led, f := ledger.New(reg), forward.New(forward.Options{Terms: forward.Terms{Upstream: forward.Upstream{at}}})
	c := coalescer.New(coalescer.Options{Transport: f})
	t.Cleanup(func() { c.Close(); f.Close(); up.Close() })
	p := proxy.New(proxy.Options{
		Forward: f, Coalescer: c, Ledger: led, Log: slog.New(slog.DiscardHandler),
		Target: func(r *http.Request) string { return r.RequestURI },
	})
	routes := []proxy.RouteOptions{{
		Name: "polled", Path: "/d/*", Rollout: rollout.Policy{Stage: rollout.Coalesce, Percent: 33_333},
		Policy: coalescer.Policy{Interval: 3 * time.Second, MinInterval: time.Second, MaxInterval: time.Minute, Timeout: 10 * time.Second, MaxBody: 1 << 20, Audit: time.Minute},
	}, {Name: "quiet", Path: "/q", Policy: coalescer.Policy{Share: coalescer.Changes}}}
	positions := map[string]ladder.Position{}
	for _, r := range routes {
		positions[r.Name] = ladder.Position{Stage: r.Rollout.Stage, Percent: r.Rollout.Percent}
	}
	rungs := ladder.Open(ladder.Options{Log: slog.New(slog.DiscardHandler)})
	if err := rungs.Configure(positions, func(*ladder.State) error { return p.Swap(routes, nil) }); err != nil {
		t.Fatal(err)
	}
	o := Options{Proxy: p, Ledger: led, Ladder: rungs, History: NewHistory(p, led), Gatherer: reg, Ready: func() error { return nil }}
	adapt(&o)
	return &listener{New(o), p, led, o.History}
}

func usual(*Options) {}

func (l *listener) get(target string, lines ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:9090"+target, nil)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w.Result()
}

// poll sends a poll through the proxy.
func (l *listener) poll(target string, cookie string) {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Cookie", cookie)
	l.proxy.ServeHTTP(httptest.NewRecorder(), r)
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestHealthIsForEverybody(t *testing.T) {
	why := errors.New("draining: shutting down")
	l := listen(t, func(o *Options) {
		o.Access.ReadToken = "hush"
		o.Ready = func() error { return why }
	})
	if resp := l.get("/livez"); resp.StatusCode != 200 {
		t.Errorf("/livez: got %s, want 200", resp.Status)
	}
	if resp := l.get("/readyz"); resp.StatusCode != 503 || body(t, resp) != "draining: shutting down\n" {
		t.Errorf("/readyz: got %s, want 503 with the reason", resp.Status)
	}
	why = nil
	if resp := l.get("/readyz"); resp.StatusCode != 200 {
		t.Errorf("/readyz: got %s, want 200", resp.Status)
	}
}

func TestReadingNeedsTheTokenWhereOneIsSet(t *testing.T) {
	open, guarded := listen(t, usual), listen(t, func(o *Options) { o.Access.ReadToken = "right" })
	for _, target := range []string{"/metrics", "/api/v1/routes", "/api/v1/explain?url=/d/1", "/debug/pprof/", "/debug/pprof/heap"} {
		if resp := open.get(target); resp.StatusCode != 200 {
			t.Errorf("%s without a token set: got %s", target, resp.Status)
		}
		for auth, want := range map[string]int{
			"": 401, "Bearer wrong": 401, "Bearer ": 401, "Bearer right ": 401, "Basic right": 401, "right": 401, "Bearer right": 200, "bearer right": 200,
		} {
			resp := guarded.get(target, "Authorization: "+auth)
			if resp.StatusCode != want {
				t.Errorf("%s with %q: got %s, want %d", target, auth, resp.Status, want)
			}
			if want == 401 && (resp.Header.Get("WWW-Authenticate") == "" || strings.Contains(body(t, resp), "right")) {
				t.Errorf("%s with %q: the refusal asks for nothing, or tells the token", target, auth)
			}
		}
	}
}

func TestOnlyWhatThereIsIsServed(t *testing.T) {
	l := listen(t, usual)
	for _, target := range []string{"/nothing", "/api/v1/", "/debug/", "/debug/pprof/cmdline"} {
		if resp := l.get(target); resp.StatusCode != 404 {
			t.Errorf("%s: got %s, want 404", target, resp.Status)
		}
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/v1/routes", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /api/v1/routes: got %d, want 405", w.Code)
	}
}

func TestRoutesHaveTheirFigures(t *testing.T) {
	l := listen(t, usual)
	for range 4 {
		l.poll("/d/1", "sid=a")
	}
	var routes []map[string]any
	resp := l.get("/api/v1/routes")
	if err := json.NewDecoder(resp.Body).Decode(&routes); err != nil || len(routes) != 2 {
		t.Fatalf("got %v, %v; want two routes", routes, err)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type: got %q", got)
	}
	first, second := routes[0], routes[1]
	for field, want := range map[string]any{
		"name": "polled", "path": "/d/*", "stage": "coalesce", "percent": 33.333, "share": "nothing", "interval_ms": 3000.,
		"polls": 4., "avoided": 0., "watchers": 0.,
	} {
		if got := first[field]; got != want {
			t.Errorf("%s: got %v, want %v", field, got, want)
		}
	}
	if upstream := first["upstream"].(float64); first["reduction"] != 1-upstream/4 || first["reduction_measured"] != 1-upstream/4 {
		t.Errorf("reductions: got %v, %v of %v calls for 4 polls", first["reduction"], first["reduction_measured"], upstream)
	}
	for _, field := range []string{"reduction", "reduction_measured", "staleness_p50_s", "staleness_p99_s"} {
		if v, ok := second[field]; !ok || v != nil {
			t.Errorf("%s before the first poll: got %v (%v), want null", field, v, ok)
		}
	}
	if second["share"] != "changes" || second["stage"] != "off" {
		t.Errorf("second route: got %v", second)
	}
}

func TestNoRoutesAreAnEmptyList(t *testing.T) {
	l := listen(t, usual)
	if err := l.proxy.Swap(nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := body(t, l.get("/api/v1/routes")); got != "[]\n" {
		t.Errorf("got %q, want an empty list", got)
	}
}

func TestExplainTakesRequestFields(t *testing.T) {
	l := listen(t, usual)
	l.poll("/d/1?rss_token=hush", "sid=hush")
	tests := []struct {
		query    url.Values
		status   int
		decision string
	}{
		{url.Values{"url": {"/d/1"}}, 200, "coalesce"},
		{url.Values{"url": {"http://example.com/d/1?rss_token=hush"}, "header": {"cookie: sid=hush"}}, 200, "coalesce"},
		{url.Values{"url": {"/d/1"}, "header": {"x-unheard-of: 1"}}, 200, "bypass"},
		{url.Values{"url": {"/d/1"}, "header": {"Cache-Control: max-age=0", "cache-control: no-cache"}}, 200, "bypass"},
		{url.Values{"url": {"/d/1/2"}}, 200, "pass"},
		{url.Values{"url": {"/d/1"}, "header": {"nonsense"}}, 400, ""},
		{url.Values{"url": {"nonsense"}}, 400, ""},
		{url.Values{}, 400, ""},
	}
	for _, test := range tests {
		resp := l.get("/api/v1/explain?" + test.query.Encode())
		said := body(t, resp)
		var e proxy.Explanation
		if test.status == 200 {
			if err := json.Unmarshal([]byte(said), &e); err != nil {
				t.Errorf("%v: %v in %q", test.query, err, said)
			}
		}
		if resp.StatusCode != test.status || e.Decision != test.decision || strings.Contains(said, "hush") {
			t.Errorf("%v: got %s, %s, want %d, %s, and nothing secret", test.query, resp.Status, said, test.status, test.decision)
		}
	}
}

func TestMetricsAreScraped(t *testing.T) {
	l := listen(t, usual)
	l.poll("/d/1", "sid=a")
	lines := slices.Collect(strings.Lines(body(t, l.get("/metrics"))))
	count := func(prefix string) int {
		return len(slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !strings.HasPrefix(l, prefix) }))
	}
	for prefix, want := range map[string]int{`pollard_polls_total{outcome=`: 21, `pollard_upstream_requests_total{reason=`: 18} {
		if got := count(prefix); got != want {
			t.Errorf("%s…: got %d series, want %d: two routes and the rest", prefix, got, want)
		}
	}
}
