package admin

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// streaming returns an admin listener over one route that nobody polls.
func streaming(t *testing.T, adapt func(*Options)) http.Handler {
	t.Helper()
	h, led := remembering(t, "board")
	o := Options{
		Proxy: h.proxy, Ledger: led, History: h, Gatherer: prometheus.NewRegistry(),
		Ladder: ladder.Open(ladder.Options{Log: slog.New(slog.DiscardHandler)}), Ready: func() error { return nil },
	}
	adapt(&o)
	return New(o)
}

// look reads the stream for some time, and returns what came.
func look(t *testing.T, h http.Handler, d time.Duration, lines ...string) (*http.Response, []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/stream", nil)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(deadlines{w}, r)
	return w.Result(), w.Body.Bytes()
}

// deadlines is a recorder that takes deadlines, as connections do.
type deadlines struct{ *httptest.ResponseRecorder }

func (deadlines) SetWriteDeadline(time.Time) error { return nil }

func snapshots(t *testing.T, stream []byte) []Snapshot {
	t.Helper()
	var all []Snapshot
	for event := range strings.SplitSeq(strings.TrimSuffix(string(stream), "\n\n"), "\n\n") {
		var s Snapshot
		if err := json.Unmarshal([]byte(strings.TrimPrefix(event, "data: ")), &s); err != nil {
			t.Fatalf("event %q: %v", event, err)
		}
		all = append(all, s)
	}
	return all
}

func TestStreamIsASnapshotASecondWhileSomebodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := streaming(t, func(o *Options) {
			o.Ready = func() error { return errors.New("draining") }
		})
		resp, stream := look(t, h, 3500*time.Millisecond)
		if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("got Content-Type %q, want text/event-stream", got)
		}
		all := snapshots(t, stream)
		if len(all) != 4 {
			t.Fatalf("got %d snapshots in 3.5 s, want one at once and three more", len(all))
		}
		last := all[3]
		if last.Uptime != 3 || last.NotReady != "draining" || len(last.Routes) != 1 || last.Routes[0].Name != "board" {
			t.Errorf("got %+v, want an uptime of 3 s, why it is not ready, and the route", last)
		}
		if last.Instance != all[0].Instance || last.Build != all[0].Build || last.Build == "" || last.Instance == "" {
			t.Errorf("got build %q and instance %q, want those of the first snapshot", last.Build, last.Instance)
		}
	})
}

func TestStartsAreToldApartAndBuildsAreNot(t *testing.T) {
	_, one := look(t, streaming(t, usual), 0)
	_, other := look(t, streaming(t, usual), 0)
	if a, b := snapshots(t, one)[0], snapshots(t, other)[0]; a.Instance == b.Instance || a.Build != b.Build {
		t.Errorf("got instances %q and %q, builds %q and %q; want other instances of one build", a.Instance, b.Instance, a.Build, b.Build)
	}
}

func TestStreamIsCompressedForThoseWhoTakeIt(t *testing.T) {
	for accepted, want := range map[string]string{"gzip, deflate, br": "gzip", "GZIP;q=0.5": "gzip", "": "", "br": "", "gzip;q=0": "", "gzip; q=0.000": ""} {
		resp, stream := look(t, streaming(t, usual), 0, "Accept-Encoding: "+accepted)
		if got := resp.Header.Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: got %q, want %q", accepted, got, want)
			continue
		}
		if want == "gzip" {
			r, err := gzip.NewReader(bytes.NewReader(stream))
			if err != nil {
				t.Fatal(err)
			}
			stream, _ = io.ReadAll(r) // a stream that is cut off has no end
		}
		if got := snapshots(t, stream); len(got) != 1 {
			t.Errorf("Accept-Encoding %q: got %d snapshots, want 1", accepted, len(got))
		}
	}
}

func TestSoManyConsolesAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := streaming(t, usual)
		for range maxStreams {
			go look(t, h, time.Minute)
		}
		synctest.Wait()
		if resp, _ := look(t, h, time.Second); resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
			t.Errorf("got %s, want 503 with Retry-After", resp.Status)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if resp, _ := look(t, h, time.Second); resp.StatusCode != 200 {
			t.Errorf("got %s once the others have left, want 200", resp.Status)
		}
	})
}

func TestAStreamEndsWithTheTokenThatItWasOpenedWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := streaming(t, func(o *Options) { o.Access.ReadToken = "old" })
		change := time.AfterFunc(2500*time.Millisecond, func() { h.(*Handler).Admit(Access{ReadToken: "new"}) })
		defer change.Stop()
		began := time.Now()
		_, stream := look(t, h, time.Minute, "Authorization: Bearer old")
		if got := len(snapshots(t, stream)); got != 3 || time.Since(began) != 3*time.Second {
			t.Errorf("got %d snapshots in %v, want 3 in as many seconds", got, time.Since(began))
		}
	})
}

func TestAKillIsInTheNextSnapshot(t *testing.T) {
	var rungs *ladder.Ladder
	h := streaming(t, func(o *Options) { rungs = o.Ladder })
	var lost *ladder.NotKept // there is no state folder
	if err := rungs.Kill("Ada", "drill"); !errors.As(err, &lost) {
		t.Fatal(err)
	}
	_, stream := look(t, h, 0)
	if k := snapshots(t, stream)[0].Kill; k == nil || k.Who != "Ada" || k.Why != "drill" {
		t.Errorf("got %+v, want who killed and why", k)
	}
}

// BenchmarkSnapshot is what one console costs a second, with 200 routes.
func BenchmarkSnapshot(b *testing.B) {
	led := ledger.New(prometheus.NewRegistry())
	p := proxy.New(proxy.Options{Ledger: led})
	var routes []proxy.RouteOptions
	for i := range 200 {
		routes = append(routes, proxy.RouteOptions{Name: fmt.Sprintf("route_%d", i), Path: fmt.Sprintf("/%d/*", i)})
	}
	if err := p.Swap(routes, nil); err != nil {
		b.Fatal(err)
	}
	h := NewHistory(p, led)
	h.take()
	a := &admin{Options: Options{Proxy: p, Ledger: led, Ladder: ladder.Open(ladder.Options{}), History: h, Ready: func() error { return nil }}}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	e := openEvents(deadlines{w}, r)
	for b.Loop() {
		data, err := json.Marshal(a.snapshot())
		if err == nil {
			err = e.send(data)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(w.Body.Len())/float64(b.N), "wire-B/op")
}
