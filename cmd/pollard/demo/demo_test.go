package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
	"github.com/pollard-proxy/pollard/cmd/pollard/demo/viewer"
)

// A passThrough is a proxy that sends every poll upstream, and counts.
type passThrough struct {
	httputil.ReverseProxy
	mu     sync.Mutex
	totals []RouteTotals
}

// startPassThrough returns a Start that runs such a proxy behind front, nil for nothing in between.
func startPassThrough(front func(http.Handler) http.Handler) func(context.Context, *url.URL, []Route) (Proxy, error) {
	return func(_ context.Context, upstream *url.URL, routes []Route) (Proxy, error) {
		p := &passThrough{}
		p.Rewrite = func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.Out.Host = r.In.Host
		}
		for _, r := range routes {
			p.totals = append(p.totals, RouteTotals{Name: r.Name, Path: r.Path, Stage: "off", Percent: 100, Share: "nothing"})
		}
		var h http.Handler = p
		if front != nil {
			h = front(p)
		}
		s := httptest.NewServer(h)
		at, err := url.Parse(s.URL)
		return Proxy{URL: at, Admin: at, Routes: p.routes, Stop: s.Close}, err
	}
}

func (p *passThrough) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.ReverseProxy.ServeHTTP(w, r)
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.totals {
		before, after, _ := strings.Cut(p.totals[i].Path, "*")
		if strings.HasPrefix(r.URL.Path, before) && strings.HasSuffix(r.URL.Path, after) {
			p.totals[i].Polls++
			p.totals[i].Upstream++
		}
	}
}

func (p *passThrough) routes() []RouteTotals {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]RouteTotals(nil), p.totals...)
}

// leaky gives everybody the first answer that anybody got.
func leaky(next http.Handler) http.Handler {
	var mu sync.Mutex
	first := map[string]*httptest.ResponseRecorder{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Requested-With") == "" {
			next.ServeHTTP(w, r)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if first[r.URL.Path] == nil {
			first[r.URL.Path] = httptest.NewRecorder()
			next.ServeHTTP(first[r.URL.Path], r)
		}
		w.Header().Set("Poll-Interval", "3000")
		io.WriteString(w, first[r.URL.Path].Body.String())
	})
}

// breaking answers every poll with 502.
func breaking(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Requested-With") != "" {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// runUntil is Run until enough has come about, or has not within two minutes.
func runUntil(t *testing.T, o Options, enough func(scene) bool) error {
	t.Helper()
	ctx, end := context.WithTimeout(t.Context(), 2*time.Minute)
	on, err := setUp(ctx, o.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	var looking sync.WaitGroup
	looking.Go(func() {
		defer end()
		for ctx.Err() == nil && !enough(on.look()) {
			select {
			case <-time.After(10 * time.Millisecond): // counters have no signal
			case <-ctx.Done():
			}
		}
	})
	err = on.play(ctx)
	end()
	looking.Wait()
	return errors.Join(err, on.takeDown())
}

func TestDemoPrintsOneObjectForMachines(t *testing.T) {
	var out bytes.Buffer
	o := Options{Viewers: 30, JSON: true, Out: &out, Start: startPassThrough(nil)}
	if err := runUntil(t, o, func(sc scene) bool { return sum(sc.routes()).Polls > 0 }); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Routes []map[string]any
		Total  map[string]any
	}
	decoder := json.NewDecoder(&out)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil || decoder.More() {
		t.Fatalf("got %v and more: %v, want one object", err, decoder.More())
	}
	for _, key := range []string{"polls", "upstream", "avoided", "reduction"} {
		if _, ok := got.Total[key]; !ok || len(got.Total) != 4 {
			t.Errorf("got a total of %v, want it to have %s and no more than four keys", got.Total, key)
		}
	}
	if got.Total["polls"] == 0.0 || got.Total["polls"] != got.Total["upstream"] || got.Total["reduction"] != 0.0 {
		t.Errorf("got a total of %v, want polls that all went upstream", got.Total)
	}
	for i, route := range legacy.Routes() {
		if got.Routes[i]["name"] != route.Name || len(got.Routes[i]) != 12 {
			t.Errorf("got route %v, want %s with the twelve keys of the API", got.Routes[i], route.Name)
		}
	}
}

func TestDemoTellsPeopleWhereToLookAndEndsWithTheTable(t *testing.T) {
	for _, interactive := range []bool{false, true} {
		var out bytes.Buffer
		err := Run(t.Context(), Options{Viewers: 5, Duration: 600 * time.Millisecond, Out: &out, Interactive: interactive, Start: startPassThrough(nil)})
		if err != nil {
			t.Fatal(err)
		}
		text := out.String()
		for _, want := range []string{"side by side", "through Pollard", "without it", "http://127.0.0.1:", "REDUCTION", legacy.RouteIssue, "total"} {
			if !strings.Contains(text, want) {
				t.Errorf("interactive %v: got no %q in\n%s", interactive, want, text)
			}
		}
		if got := strings.Contains(text, "\x1b["); got != interactive {
			t.Errorf("interactive %v: got control sequences %v", interactive, got)
		}
	}
}

func TestDemoFailsWhenSomebodyIsGivenAnothersAnswer(t *testing.T) {
	o := Options{Viewers: 60, JSON: true, Out: io.Discard, Start: startPassThrough(leaky)}
	err := runUntil(t, o, func(sc scene) bool { return sc.Counts.Foreign > 0 })
	if err == nil || !strings.Contains(err.Error(), "went to the wrong viewer") {
		t.Errorf("got %v, want an error that says so", err)
	}
}

func TestDemoFailsWhenPagesAreMadeToStop(t *testing.T) {
	o := Options{Viewers: 20, JSON: true, Out: io.Discard, Start: startPassThrough(breaking)}
	err := runUntil(t, o, func(sc scene) bool { return sc.Counts.Stopped > 0 })
	if err == nil || !strings.Contains(err.Error(), "stopped polling because of an error") || !strings.Contains(err.Error(), "status 502") {
		t.Errorf("got %v, want an error that says so and why", err)
	}
}

func TestDemoSaysWhatCouldNotBeStarted(t *testing.T) {
	start := func(context.Context, *url.URL, []Route) (Proxy, error) { return Proxy{}, io.ErrUnexpectedEOF }
	err := Run(t.Context(), Options{Out: io.Discard, Start: start})
	if err == nil || err.Error() != "starting the proxy: unexpected EOF" {
		t.Errorf("got %v, want the reason on one line", err)
	}
}

func TestDemoWantsViewers(t *testing.T) {
	if err := Run(t.Context(), Options{Viewers: -1, Out: io.Discard}); err == nil {
		t.Error("got no error for a demo with -1 viewers")
	}
}

func TestCountsThatDifferAreNamed(t *testing.T) {
	sc := scene{Rows: []row{
		{RouteTotals{Name: legacy.RouteJob, Upstream: 5}, 5},
		{RouteTotals{Name: legacy.RouteIssue, Upstream: 4}, 5},
	}}
	want := "issue_realtime_changes: the proxy says that it sent 4 requests upstream, the application has received 5\n" +
		"the proxy has no route import_realtime_changes"
	if err := sc.differences(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTableIsReadInFiveSeconds(t *testing.T) {
	part, less := 0.9166, -0.25
	sc := scene{Counts: viewer.Counts{Pushed: 1_234}, Rows: []row{
		{RouteTotals{Name: "job", Stage: "push", Polls: 1_234_567, Avoided: 99_999.6, Watchers: 1_200, Upstream: 102_880, Reduction: &part}, 102_880},
		{RouteTotals{Name: "issue_realtime_changes", Stage: "off"}, 0},
		{RouteTotals{Name: "import_realtime_changes", Stage: "observe", Polls: 4, Upstream: 5, Reduction: &less}, 5},
	}}
	want := strings.TrimPrefix(`
ROUTE                    POLLS IN  AVOIDED WATCHERS CALLS OUT FLEET SAW REDUCTION                    STAGE
job                     1,234,567  100,000    1,200   102,880   102,880    91.7 %  ███████████████░  push
issue_realtime_changes          0        0        0         0         0         –                    off
import_realtime_changes         4        0        0         5         5   -25.0 %  ░░░░░░░░░░░░░░░░  observe
total                   1,234,571  100,000    1,200   102,885   102,885    92.3 %  ███████████████░

per second: 66.7 polls in, 5.5 calls out    states pushed: 1,234
avoided is modelled: what watchers would have polled; by the polls that came alone, the reduction is 91.7 %
answers that went to the wrong viewer: 0    pages stopped by an error: 0
`, "\n")
	if got := table(sc, rate{66.7, 5.5}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRatesAreTakenOverTheLastSeconds(t *testing.T) {
	start := time.Unix(0, 0)
	var m meter
	at := func(seconds int, polls uint64) rate {
		return m.rate(scene{At: start.Add(time.Duration(seconds) * time.Second), Rows: []row{{RouteTotals: RouteTotals{Name: "job", Polls: polls}}}})
	}
	if got := at(0, 0); got != (rate{}) {
		t.Errorf("after one scene: got %v, want nothing to say", got)
	}
	at(2, 1000)
	at(4, 1020)
	if got := at(6, 1040).polls; got != 10 {
		t.Errorf("got %v a second, want 10: the burst in the beginning is out of the window", got)
	}
}

func TestNothingPolledHasNoReduction(t *testing.T) {
	if got := sum(nil).Reduction; got != nil {
		t.Errorf("got %v, want none", *got)
	}
	got := sum([]RouteTotals{{Polls: 10, Upstream: 10, Avoided: 30}, {Polls: 0, Upstream: 2}})
	if got.Reduction == nil || *got.Reduction != 0.7 {
		t.Errorf("got %+v, want a reduction of 0.7: avoided polls count", got)
	}
}
