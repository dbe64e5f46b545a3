package proxy

import (
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/test/program"
)

// balancer is the address of a peer that rigs trust, stranger that of one that
// they do not.
const (
	balancer = "10.0.0.1:4000"
	stranger = "192.0.2.1:4000"
)

func believed() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }

// rig is a whole proxy. Clients call it directly; its upstream listens on
// loopback, outside of the bubble in which the rig may live: what happens there
// takes no time inside.
type rig struct {
	*Handler
	t    testing.TB
	log  program.Transcript // JSON lines
	door lane
}

func newRig(t testing.TB, upstream string, routes ...RouteOptions) *rig {
	t.Helper()
	f := forwarder(t, upstream)
	return rigOver(t, f, f, routes...)
}

func forwarder(t testing.TB, upstream string) *forward.Forwarder {
	t.Helper()
	at, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	return forward.New(forward.Options{Terms: forward.Terms{Upstream: forward.Upstream{at}}, Trusted: believed()})
}

// rigOver lets calls of the coalescer go another way than what passes.
func rigOver(t testing.TB, f *forward.Forwarder, calls http.RoundTripper, routes ...RouteOptions) *rig {
	t.Helper()
	r := &rig{t: t, door: lane{isOpen: throughLane}}
	c := coalescer.New(coalescer.Options{Transport: calls})
	r.Handler = New(Options{
		Forward: f, Coalescer: c, Ledger: ledger.New(prometheus.NewRegistry()), Secret: []byte("of the rig"),
		Target:  func(r *http.Request) string { return r.RequestURI },
		Trusted: believed(), AccessLog: true,
		Log: slog.New(slog.NewJSONHandler(&r.log, nil)),
	})
	t.Cleanup(func() { c.Close(); f.Close() })
	if err := r.Swap(routes, nil); err != nil {
		t.Fatal(err)
	}
	return r
}

// play runs a script in a bubble of its own time against an upstream.
func play(t *testing.T, upstream http.HandlerFunc, script func(*rig), routes ...RouteOptions) {
	t.Helper()
	playAfter(t, 0, upstream, script, routes...)
}

// playAfter has calls of the coalescer take their time.
func playAfter(t *testing.T, latency time.Duration, upstream http.HandlerFunc, script func(*rig), routes ...RouteOptions) {
	t.Helper()
	up := httptest.NewServer(upstream)
	defer up.Close()
	synctest.Test(t, func(t *testing.T) {
		f := forwarder(t, up.URL)
		script(rigOver(t, f, delayed{f, func() time.Duration { return latency / 2 }}, routes...))
	})
}

// delayed is the way to upstream: calls take their time, before and after, and
// end when they are cancelled.
type delayed struct {
	next http.RoundTripper
	wait func() time.Duration
}

func (d delayed) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := d.delay(r); err != nil {
		return nil, err
	}
	resp, err := d.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if err := d.delay(r); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

func (d delayed) delay(r *http.Request) error {
	select {
	case <-time.After(d.wait()):
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

// polled is a route at coalesce with the usual policy, changed by with.
func polled(path string, with ...func(*RouteOptions)) RouteOptions {
	o := RouteOptions{
		Name: "polled", Path: path,
		Rollout: rollout.Policy{Stage: rollout.Coalesce, Percent: rollout.Everyone, Flag: "pollard_polled"},
		Policy: coalescer.Policy{
			Interval: 3 * time.Second, MinInterval: time.Second, MaxInterval: time.Minute,
			Timeout: 10 * time.Second, MaxBody: 1 << 20, Audit: time.Minute,
		},
	}
	for _, change := range with {
		change(&o)
	}
	return o
}

func sharing(s coalescer.Share) func(*RouteOptions) {
	return func(o *RouteOptions) { o.Policy.Share = s }
}

// request is one of "METHOD target", GET if it is left out, from a stranger,
// with fields in lines.
func request(what string, lines ...string) *http.Request {
	method, target, found := strings.Cut(what, " ")
	if !found {
		method, target = http.MethodGet, what
	}
	r := &http.Request{
		Method: method, RequestURI: target, URL: &url.URL{Path: "/"}, Host: "app.test", RemoteAddr: stranger,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody,
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		r.Header.Add(name, textproto.TrimString(value))
	}
	return r
}

// ask serves a request as the front door would.
func (r *rig) ask(in *http.Request) (got *http.Response) {
	w := httptest.NewRecorder()
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			panic(v)
		}
		got = w.Result()
	}()
	r.serve(w, in)
	return
}

// serve has a poll answered in the lane, where the tests run through it and it can
// be.
func (r *rig) serve(w http.ResponseWriter, in *http.Request) {
	if resp := r.door.answer(r.Handler, in); resp != nil {
		maps.Copy(w.Header(), resp.Header)
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body) // the client may be gone
		return
	}
	r.ServeHTTP(w, in)
}

func (r *rig) get(target string, lines ...string) *http.Response {
	return r.ask(request(target, lines...))
}

// body reads all of a response.
func body(resp *http.Response) string {
	b, _ := io.ReadAll(resp.Body)
	return string(b)
}

// counts returns what a route of the rig counted.
func (r *rig) counts(route string) ledger.Totals { return r.Ledger.Route(route).Totals() }
