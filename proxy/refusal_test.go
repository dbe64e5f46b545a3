package proxy

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestARefusalIsUpstreamsOwnWithoutItsBody(t *testing.T) {
	for _, status := range []int{302, 401, 403, 404, 500, 503} {
		app := newApplication()
		app.status = status
		playSite(t, app.ServeHTTP, func(s *site) {
			_, resp := s.upgrade("/doc", "", alice)
			events, _ := s.stream("/doc", alice)
			for transport, resp := range map[string]*http.Response{"WebSocket": resp, "events": events} {
				if got := body(resp); got != "" || resp.StatusCode != status {
					t.Errorf("%s: got %d with %q, want upstream's %d without a body", transport, resp.StatusCode, got, status)
				}
				if len(resp.Header["Location"])+len(resp.Header["Etag"])+len(resp.Header["Set-Cookie"]) > 0 {
					t.Errorf("%s: got %v, want none of upstream's fields", transport, resp.Header)
				}
			}
		}, polled("/doc", pushed))
	}
}

func TestAWatchIsRefusedInTimeWhereUpstreamDoesNotAnswer(t *testing.T) {
	app := newApplication()
	up := httptest.NewServer(app)
	defer up.Close()
	synctest.Test(t, func(t *testing.T) {
		f := forwarder(t, up.URL)
		s := openSite(rigOver(t, f, delayed{f, func() time.Duration { return time.Hour }}, polled("/doc", pushed)))
		defer s.close()
		began := time.Now()
		_, resp := s.upgrade("/doc", "", alice)
		if took := time.Since(began); resp.StatusCode != http.StatusGatewayTimeout || took != 10*time.Second {
			t.Errorf("got %s after %v, want 504 after the route's timeout of 10s", resp.Status, took)
		}
	})
}

func TestA304IsNoProofThatOneMayWatch(t *testing.T) {
	app := newApplication()
	playSite(t, app.ServeHTTP, func(s *site) {
		s.get("/doc", alice)
		time.Sleep(time.Second)
		app.revoke("a") // upstream still answers a condition with 304
		if _, resp := s.upgrade("/doc", "", alice, `If-None-Match: W/"0"`); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("got %s, want 401", resp.Status)
		}
	}, polled("/doc", pushed))
}

func TestUnpushableDocumentsAreRefusedAsNoSuccess(t *testing.T) {
	for _, field := range []string{"Cache-Control: no-store", "Set-Cookie: a=b", "Vary: *"} {
		app := newApplication()
		name, value, _ := strings.Cut(field, ": ")
		app.header.Set(name, value)
		playSite(t, app.ServeHTTP, func(s *site) {
			if _, resp := s.upgrade("/doc", "", alice); resp.StatusCode != http.StatusNotAcceptable {
				t.Errorf("%s: got %s, want 406", field, resp.Status)
			}
		}, polled("/doc", pushed))
	}
}

func TestAWatchThatUpstreamGrantsTooLateForItsRouteIsRefused(t *testing.T) {
	app := newApplication()
	asked, answer := make(chan struct{}), make(chan struct{})
	app.extra = func(http.ResponseWriter, *http.Request) bool {
		close(asked)
		<-answer
		return false
	}
	up := httptest.NewServer(app)
	defer up.Close()
	r := newRig(t, up.URL, polled("/doc", pushed))
	s := openSite(r)
	defer s.server.Close()
	got := make(chan int)
	go func() {
		_, resp := s.upgrade("/doc", "", alice)
		got <- resp.StatusCode
	}()
	<-asked
	if err := s.Swap([]RouteOptions{polled("/doc")}, nil); err != nil {
		t.Error(err)
	}
	close(answer)
	if got := <-got; got != http.StatusGone {
		t.Errorf("got %d, want 410", got)
	}
}
