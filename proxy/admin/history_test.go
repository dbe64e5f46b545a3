package admin

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
)

// remembering returns a History over routes that nobody polls, and what counts.
func remembering(t *testing.T, names ...string) (*History, *ledger.Ledger) {
	t.Helper()
	led := ledger.New(prometheus.NewRegistry())
	c := coalescer.New(coalescer.Options{})
	t.Cleanup(c.Close)
	p := proxy.New(proxy.Options{Ledger: led, Coalescer: c})
	reroute(t, p, names...)
	return NewHistory(p, led), led
}

func reroute(t *testing.T, p *proxy.Handler, names ...string) {
	t.Helper()
	var routes []proxy.RouteOptions
	for _, name := range names {
		routes = append(routes, proxy.RouteOptions{Name: name, Path: "/" + name})
	}
	if err := p.Swap(routes, nil); err != nil {
		t.Fatal(err)
	}
}

func TestHistoryCountsInSlotsOfTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, led := remembering(t, "board")
		ctx, cancel := context.WithCancel(t.Context())
		go h.Run(ctx)
		synctest.Wait()
		for range 3 {
			led.Route("board").Poll(ledger.Hit)
			led.Route("board").Upstream(ledger.Probe)
			time.Sleep(slotTime)
			synctest.Wait()
		}
		led.Route("board").Poll(ledger.Fetched)
		past := h.past("board")
		if got := past.Outcomes["hit"]; len(got) != 3 || got[0] != 1 || got[2] != 1 {
			t.Errorf("got hits %v, want one in each of three slots", got)
		}
		if got := past.Calls["probe"]; len(got) != 3 || got[1] != 1 {
			t.Errorf("got probes %v, want one in each of three slots", got)
		}
		if got, want := past.Ends[2], float64(time.Now().Unix()); got != want {
			t.Errorf("the newest slot ends at %v, want now, %v", got, want)
		}
		if got := h.Window("board"); got.Polls != 4 || got.Upstream != 3 || got.Seconds != 30 {
			t.Errorf("got %+v, want 4 polls and 3 calls in 30 s: what is newer than the last slot counts too", got)
		}
		cancel()
	})
}

func TestHistoryIsAnHourLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, led := remembering(t, "board")
		h.take()
		for range slots + 7 {
			led.Route("board").Poll(ledger.Hit)
			led.Route("board").Upstream(ledger.Poll)
			led.Route("board").Avoided(0.5)
			time.Sleep(slotTime)
			h.take()
		}
		if got := len(h.past("board").Ends); got != slots {
			t.Errorf("got %d slots, want %d", got, slots)
		}
		want := Window{Seconds: 3600, Polls: slots, Upstream: slots, Avoided: slots / 2}
		if got := h.Window("board"); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		ends := h.past("board").Ends
		for i := 1; i < len(ends); i++ {
			if step := ends[i] - ends[i-1]; step != 10 {
				t.Fatalf("slot %d ends %v s after the one before, want 10: the oldest come first", i, step)
			}
		}
	})
}

func TestHistoryForgetsRoutesThatAreGone(t *testing.T) {
	h, _ := remembering(t, "board", "issue")
	h.take()
	reroute(t, h.proxy, "issue")
	h.take()
	if got := h.Window("board"); got != (Window{}) || len(h.slots("board", slots)) != 0 {
		t.Errorf("got %+v of a route that is gone, want nothing", got)
	}
	if got := len(h.slots("issue", slots)); got != 1 {
		t.Errorf("got %d slots of the route that stayed, want 1", got)
	}
}

func TestHistoryIsToldByRouteOrAsThePaceOfAll(t *testing.T) {
	l := listen(t, usual)
	l.history.take()
	l.poll("/d/1", "sid=a")
	l.poll("/d/2", "sid=b")
	l.ledger.Route("polled").Bypass("header:X-Unheard-Of")
	l.history.take()

	past := decode[Past](t, l.get("/api/v1/history?route=polled"))
	if got := past.Outcomes["passed"][0] + past.Outcomes["fetched"][0]; got != 2 {
		t.Errorf("got %v in the slot, want two polls: %v", got, past.Outcomes)
	}
	if got := past.Bypasses; len(got) != 1 || got[0].Reason != "header:X-Unheard-Of" || got[0].Polls != 1 || got[0].Means == "" || got[0].Do == "" {
		t.Errorf("got bypasses %+v, want one, with what it means and what to do", got)
	}
	paces := decode[map[string]Pace](t, l.get("/api/v1/history"))
	if got := paces["polled"]; len(got.Polls) != 1 || got.Polls[0] <= 0 || len(paces["quiet"].Polls) != 1 {
		t.Errorf("got %v, want a slot with polls, and one without of the other route", paces)
	}
	if resp := l.get("/api/v1/history?route=nothing"); resp.StatusCode != 404 {
		t.Errorf("got %s for a route that there is not, want 404", resp.Status)
	}
}
