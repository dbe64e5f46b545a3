package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
)

// raw is an upstream that answers every connection with these bytes.
func raw(t *testing.T, answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		conn.Write([]byte(answer))
	}
}

func TestFailuresTellTheirKindAndNothingOfTheInside(t *testing.T) {
	tests := []struct {
		name     string
		upstream http.HandlerFunc
		want     string
		reason   string
	}{
		{"closes", raw(t, ""), "502 Bad Gateway", "unreachable"},
		{"garbage", raw(t, "SSH-2.0-OpenSSH_10.0\r\n"), "502 Bad Gateway", "garbage"},
		{"two lengths", raw(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "502 Bad Gateway", "garbage"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			play(t, test.upstream, func(r *rig) {
				for _, line := range []string{"If-None-Match: x", "X-Unheard-Of: 1"} { // coalesced, and passed
					wantFailure(t, r, r.get("/d?token=hush", "Authorization: Bearer hush", line), test.want, test.reason)
				}
				c := r.counts("polled")
				if c.ByOutcome[ledger.Failed] != 2 || c.Polls != 2 {
					t.Errorf("outcomes: got %v, want 2 failed", c.ByOutcome)
				}
			}, polled("/*"))
		})
	}
}

func wantFailure(t *testing.T, r *rig, resp *http.Response, status, reason string) {
	t.Helper()
	content := body(resp)
	if resp.Status != status || content != http.StatusText(resp.StatusCode)+"\n" {
		t.Errorf("answered %s with %q, want %s", resp.Status, content, status)
	}
	if cc := resp.Header.Get("Cache-Control"); cc != "no-store" {
		t.Errorf("Cache-Control of a failure: got %q, want no-store", cc)
	}
	said := r.log.String()
	r.log.Reset()
	if !strings.Contains(said, `"reason":"`+reason+`"`) || strings.Contains(said, "hush") {
		t.Errorf("the log wants reason %s and no credential:\n%s", reason, said)
	}
}

func TestUnreachableUpstreamIsABadGateway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	r := newRig(t, "http://"+l.Addr().String(), polled("/*"))
	for _, target := range []string{"/d", "/not/polled"} {
		resp := r.get(target)
		if content := body(resp); resp.StatusCode != 502 || strings.Contains(content, "127.0.0.1") {
			t.Errorf("%s: answered %s with %q", target, resp.Status, content)
		}
	}
	if up := r.counts("polled").Upstream; up != 0 {
		t.Errorf("%d requests were counted that nobody received", up)
	}
}

func TestSlowUpstreamIsATimeout(t *testing.T) {
	playAfter(t, time.Minute, says("late", `ETag: "v1"`), func(r *rig) {
		began := time.Now()
		wantFailure(t, r, r.get("/d"), "504 Gateway Timeout", "timeout")
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it took %v, want the route's timeout of 10s", took)
		}
	}, polled("/*"))
}

// busy is the way to an upstream that has as many requests as it may have.
type busy struct{}

func (busy) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("%w: all are in flight", forward.ErrBusy)
}

func TestBusyUpstreamIsUnavailable(t *testing.T) {
	r := rigOver(t, forwarder(t, "http://127.0.0.1:1"), busy{}, polled("/*"))
	wantFailure(t, r, r.get("/d"), "503 Service Unavailable", "busy")
}

func TestRequestThatCannotBeForwardedIsTheClientsFault(t *testing.T) {
	play(t, says("hello"), func(r *rig) {
		for _, what := range []string{"BAD(METHOD /d", "POST /a b"} {
			method, target, _ := strings.Cut(what, " ")
			in := request("/d")
			in.Method, in.RequestURI = method, target
			if resp := r.ask(in); resp.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: answered %s, want 400", what, resp.Status)
			}
		}
	}, polled("/*"))
}

// TestBrokenAnswersLookBroken: to a client half an answer must not look whole,
// nor may it be kept.
func TestBrokenAnswersLookBroken(t *testing.T) {
	half := "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
	play(t, raw(t, half), func(r *rig) {
		if resp := r.get("/d"); resp.StatusCode != http.StatusBadGateway {
			t.Errorf("collapsible: answered %s, want 502", resp.Status)
		}
		for _, line := range []string{"X-Unheard-Of: 1", "Cache-Control: no-cache"} {
			w := httptest.NewRecorder()
			if !aborts(r, w, request("/d", line)) {
				t.Errorf("%s: half an answer was ended as if it were whole", line)
			}
		}
		for _, state := range r.Coalescer.States("", "/d", 10) {
			if state.Bytes > 0 {
				t.Errorf("half an answer is kept: %+v", state)
			}
		}
		if c := r.counts("polled"); c.Polls != 3 {
			t.Errorf("outcomes: got %v, want 3 polls", c.ByOutcome)
		}
		if lines := strings.Count(r.log.String(), `"msg":"poll"`); lines != 3 {
			t.Errorf("%d access lines for 3 polls:\n%s", lines, r.log.String())
		}
	}, polled("/*"))
}

// aborts reports whether the handler had the connection cut.
func aborts(h http.Handler, w http.ResponseWriter, r *http.Request) (aborted bool) {
	defer func() { aborted = recover() == http.ErrAbortHandler }()
	h.ServeHTTP(w, r)
	return
}

// TestPollOfAClientThatHangsUpIsCounted: also where it passes by itself, and
// nobody is left to be answered.
func TestPollOfAClientThatHangsUpIsCounted(t *testing.T) {
	for _, stage := range []rollout.Stage{rollout.Off, rollout.Observe, rollout.Coalesce} {
		for _, line := range []string{"Accept: */*", "X-Unheard-Of: 1"} {
			arrived, release := make(chan struct{}, 1), make(chan struct{})
			up := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				arrived <- struct{}{}
				<-release
			}))
			r := newRig(t, up.URL, polled("/*", func(o *RouteOptions) { o.Rollout.Stage = stage }))
			ctx, hangUp := context.WithCancel(context.Background())
			go func() { <-arrived; hangUp() }()
			if !aborts(r, httptest.NewRecorder(), request("/d", line).WithContext(ctx)) {
				t.Errorf("stage %v, %s: who has gone was answered", stage, line)
			}
			close(release)
			up.Close()
			r.Coalescer.Close() // a call ends, and is counted, after its last waiter has left
			c := r.counts("polled")
			if c.Polls != 1 || c.ByOutcome[ledger.Failed] != 1 || c.Upstream != 1 {
				t.Errorf("stage %v, %s: outcomes %v, upstream %d; want 1 failed, 1 upstream", stage, line, c.ByOutcome, c.Upstream)
			}
			if l := accessLine(t, r); l["status"] != 499. || l["reason"] != "client-gone" {
				t.Errorf("stage %v, %s: access line %v", stage, line, l)
			}
		}
	}
}

// accessLine returns the only access line so far.
func accessLine(t *testing.T, r *rig) (fields map[string]any) {
	t.Helper()
	for text := range strings.Lines(r.log.String()) {
		if strings.Contains(text, `"msg":"poll"`) {
			if fields != nil {
				t.Errorf("more than one access line:\n%s", r.log.String())
			}
			if err := json.Unmarshal([]byte(text), &fields); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.log.Reset()
	return fields
}
