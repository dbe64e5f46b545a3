package forward

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// bounded returns a forwarder to the handler that lets one request be in flight.
func bounded(t *testing.T, h http.HandlerFunc) *Forwarder {
	t.Helper()
	server := httptest.NewServer(h)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	f := New(Options{Terms: Terms{Upstream: Upstream{at}}, InFlight: 1})
	t.Cleanup(func() { f.Close(); server.Close() })
	return f
}

func outgoing(t *testing.T, method string, fields http.Header) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://any.test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = fields
	return r
}

func TestRequestIsInFlightUntilItsAnswerHasEnded(t *testing.T) {
	f := bounded(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Upgrade") != "":
			conn, rw, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			rw.Flush()
			io.Copy(io.Discard, conn)
		case r.Header.Get("Break") != "":
			panic(http.ErrAbortHandler)
		default:
			io.WriteString(w, "hello")
		}
	})
	readAll := func(resp *http.Response) { io.ReadAll(resp.Body) }
	closeIt := func(resp *http.Response) { resp.Body.Close() }
	tests := []struct {
		name   string
		method string
		fields http.Header
		held   int // in flight while the response is there
		end    func(*http.Response)
	}{
		{"read", "GET", http.Header{}, 1, readAll},
		{"read and closed", "GET", http.Header{}, 1, func(resp *http.Response) { readAll(resp); closeIt(resp) }},
		{"closed unread", "GET", http.Header{}, 1, closeIt},
		{"without a body", "HEAD", http.Header{}, 0, closeIt},
		{"a tunnel", "GET", http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}}, 0, closeIt},
		{"broken", "POST", http.Header{"Break": {"1"}}, 0, nil},
		{"not to be sent", "BAD METHOD", http.Header{}, 0, nil},
	}
	for _, test := range tests {
		r := outgoing(t, "GET", test.fields)
		r.Method = test.method
		resp, err := f.RoundTrip(r)
		if (err != nil) != (test.end == nil) {
			t.Fatalf("%s: %v", test.name, err)
		}
		if got := f.InFlight(); got != test.held {
			t.Errorf("%s: %d in flight, want %d", test.name, got, test.held)
		}
		if test.end != nil {
			test.end(resp)
		}
		if got := f.InFlight(); got != 0 {
			t.Errorf("%s: %d in flight at the end, want 0", test.name, got)
		}
	}
}

func TestRequestBeyondTheBoundGoesOnceAnotherHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newInFlight(2, 5*time.Second)
		var order []int
		var leaves []func()
		for i := range 4 {
			go func() {
				leave, err := f.enter(t.Context())
				if err != nil {
					t.Errorf("%d: %v", i, err)
				}
				order, leaves = append(order, i), append(leaves, leave)
			}()
			synctest.Wait()
		}
		for n := range 2 {
			if len(order) != 2+n {
				t.Errorf("%d were let in and %d had left, want 2 at a time", len(order), n)
			}
			leaves[n]()
			synctest.Wait()
		}
		if want := []int{0, 1, 2, 3}; !slices.Equal(order, want) {
			t.Errorf("got %v, want %v", order, want)
		}
	})
}

func TestWaitingInLineEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newInFlight(1, 5*time.Second)
		leave, err := f.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := f.enter(t.Context()); !errors.Is(err, ErrBusy) || time.Since(began) != 5*time.Second {
			t.Errorf("got %v after %v, want %v after 5s", err, time.Since(began), ErrBusy)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := f.enter(gone); !errors.Is(err, ErrGone) {
			t.Errorf("got %v, want %v", err, ErrGone)
		}
		late, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := f.enter(late); !errors.Is(err, ErrTimeout) {
			t.Errorf("got %v, want %v", err, ErrTimeout)
		}
		leave()
		leave()
		if _, err := f.enter(t.Context()); err != nil {
			t.Errorf("got %v, want the place that was left", err)
		}
		if got := f.count.Load(); got != 1 {
			t.Errorf("%d in flight, want 1", got)
		}
	})
}
