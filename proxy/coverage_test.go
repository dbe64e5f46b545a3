package proxy

import (
	"log/slog"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer/changes"
	"github.com/pollard-proxy/pollard/ledger"
)

// covering has a rig heed signs of life.
func covering(r *rig, routes ...RouteOptions) {
	r.t.Helper()
	r.Liveness = changes.New(slog.New(slog.DiscardHandler))
	r.t.Cleanup(r.Liveness.Close)
	if err := r.Swap(routes, nil); err != nil {
		r.t.Fatal(err)
	}
}

func toldBy(sources ...ledger.Source) func(*RouteOptions) {
	return func(o *RouteOptions) {
		o.News, o.NewsTimeout, o.Policy.SafetyInterval = sources, 30*time.Second, time.Minute
	}
}

func TestAPollIsToldHowLongItsAnswerIsUsed(t *testing.T) {
	route := polled("/d", toldBy(ledger.TouchAPI))
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		covering(r, route)
		status := func() string { return r.get("/d").Header.Get("Cache-Status") }
		wantStatus := func(what, want string) {
			t.Helper()
			if got := status(); got != want {
				t.Errorf("%s: got %q, want %q", what, got, want)
			}
		}
		status()
		wantStatus("before any sign of life", "pollard; hit; ttl=3")
		r.Touch(News{Source: ledger.TouchAPI, Heartbeat: true})
		wantStatus("what was held keeps its interval", "pollard; hit; ttl=3")
		time.Sleep(3 * time.Second)
		wantStatus("the next call", "pollard; fwd=stale; fwd-status=304")
		wantStatus("is used for longer", "pollard; hit; ttl=60")
		time.Sleep(20 * time.Second)
		wantStatus("and longer", "pollard; hit; ttl=40")
		time.Sleep(7*time.Second + time.Millisecond) // 30 seconds after the sign of life
		got := status()
		if got != "pollard; hit; ttl=0" && got != "pollard; hit; ttl=1" && got != "pollard; hit; ttl=2" && got != "pollard; hit; ttl=3" {
			t.Errorf("when news are lost: got %q, want an interval at most", got)
		}
		time.Sleep(3 * time.Second)
		wantStatus("an interval later", "pollard; fwd=stale; fwd-status=304")
		wantStatus("and from then on", "pollard; hit; ttl=3")
	}, route)
}

func TestWhereThereIsACanaryOnlyItsNewsProveLife(t *testing.T) {
	route := polled("/d", toldBy(ledger.Webhook))
	tests := []struct {
		news News
		want string
	}{
		{News{Paths: []string{"/d"}}, "pollard; hit; ttl=3"},
		{News{Patterns: []string{"/d"}}, "pollard; hit; ttl=3"},
		{News{}, "pollard; hit; ttl=3"},
		{News{Paths: []string{"/d", "/canary"}}, "pollard; hit; ttl=60"},
		{News{Heartbeat: true}, "pollard; hit; ttl=60"},
	}
	for _, test := range tests {
		play(t, says("hello", `ETag: "v1"`), func(r *rig) {
			r.Canary = "/canary"
			covering(r, route)
			test.news.Source = ledger.Webhook
			met, err := r.Touch(test.news)
			if err != nil || met.Unrouted != 0 {
				t.Errorf("%+v: got %+v, %v", test.news, met, err)
			}
			r.get("/d")
			if got := r.get("/d").Header.Get("Cache-Status"); got != test.want {
				t.Errorf("%+v: got %q, want %q", test.news, got, test.want)
			}
		}, route)
	}
}

func TestAReloadDecidesAnewWhatCovers(t *testing.T) {
	writes := polled("/d", toldBy(ledger.Writes))
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		covering(r, writes)
		r.get("/d")
		ttl := func() string { return r.get("/d").Header.Get("Cache-Status") }
		if got, want := ttl(), "pollard; hit; ttl=60"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if err := r.Swap([]RouteOptions{writes}, nil); err != nil {
			t.Fatal(err)
		}
		if got, want := ttl(), "pollard; hit; ttl=60"; got != want {
			t.Errorf("after a reload of the same: got %q, want %q", got, want)
		}
		if err := r.Swap([]RouteOptions{polled("/d")}, nil); err != nil {
			t.Fatal(err)
		}
		if got, want := ttl(), "pollard; hit; ttl=3"; got != want {
			t.Errorf("after a reload without sources: got %q, want %q", got, want)
		}
	}, writes)
}
