package forward

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"
)

func TestAnEndpointThatFailsItsChecksIsLeftAlone(t *testing.T) {
	var status, asked atomic.Int32
	status.Store(204)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI != "/health?deep" || r.UserAgent() != "Pollard (health)" || !r.Close {
			t.Errorf("got %s by %s, close %v", r.RequestURI, r.UserAgent(), r.Close)
		}
		asked.Add(1)
		w.WriteHeader(int(status.Load()))
	}))
	defer s.Close()
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	var counted atomic.Int32
	f := New(Options{Checked: func() { counted.Add(1) }, Terms: Terms{
		Upstream:  Upstream{at},
		Endpoints: EndpointOptions{Eject: time.Hour, Check: Check{Path: "/health?deep", Interval: quick, Rise: 2, Fall: 3}},
	}})
	defer f.Close()
	isHealthy := func() bool { return f.Endpoints()[0].Healthy }
	for _, bad := range []int32{400, 503} {
		before := asked.Load()
		status.Store(bad)
		eventually(t, "unfit", func() bool { return !isHealthy() })
		if got := asked.Load() - before; got < 3 {
			t.Errorf("unfit after %d bad answers, want 3", got)
		}
		before = asked.Load()
		status.Store(302)
		eventually(t, "fit", isHealthy)
		if got := asked.Load() - before; got < 2 {
			t.Errorf("fit after %d good answers, want 2", got)
		}
	}
	only(f).standing.failed()
	eventually(t, "forgiven", isHealthy)
	s.Close()
	eventually(t, "gone", func() bool { return !isHealthy() })
	f.Close()
	if counted.Load() != asked.Load() {
		t.Errorf("counted %d checks of %d", counted.Load(), asked.Load())
	}
	if got := only(f).pending.Load(); got != 0 {
		t.Errorf("got %d requests under way", got)
	}
}
