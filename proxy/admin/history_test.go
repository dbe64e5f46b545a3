package admin

import (
	"context"
	"fmt"
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

// pass has a slot's time pass for a history that is not run.
func pass(h *History) { h.began = h.began.Add(-slotTime) }

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

func TestHistoryOfARouteThatAReloadBringsBeginsWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, led := remembering(t, "board")
		poll := func(n int) {
			for range n {
				led.Route("issue").Poll(ledger.Hit)
			}
		}
		go h.Run(t.Context())
		poll(3) // of an earlier configuration
		time.Sleep(27 * time.Second)
		h.Begin([]proxy.RouteOptions{{Name: "board"}, {Name: "issue"}})
		reroute(t, h.proxy, "board", "issue")
		poll(2)
		time.Sleep(5 * time.Second) // a slot ends for the other route
		if w, ends := h.Window("issue"), h.past("issue").Ends; w.Seconds != 5 || w.Polls != 2 || len(ends) != 0 {
			t.Errorf("got %+v and slots that end at %v, want 2 polls in 5 s and no slot of 3 s", w, ends)
		}
		poll(4)
		time.Sleep(10 * time.Second)
		past := h.past("issue")
		if len(past.Ends) != 1 || past.Seconds[0] != 13 || past.Outcomes["hit"][0] != 6 {
			t.Errorf("got %v s with %v polls, want one slot of 13 s, from the reload on, with 6 polls", past.Seconds, past.Outcomes["hit"])
		}
		if got := len(h.past("board").Ends); got != 4 {
			t.Errorf("got %d slots of the route that was there before, want 4", got)
		}
	})
}

func TestHistoryForgetsRoutesThatAReloadThatWasRefusedWouldHaveBrought(t *testing.T) {
	h, _ := remembering(t, "board")
	h.Begin([]proxy.RouteOptions{{Name: "issue"}})
	h.take()
	if got := h.Window("issue"); got != (Window{}) {
		t.Errorf("got %+v, want nothing", got)
	}
}

func TestHistoryKnowsTheAgesOfEachSlot(t *testing.T) {
	h, led := remembering(t, "board")
	h.take()
	serve := func(ages ...time.Duration) {
		for _, age := range ages {
			led.Route("board").Staleness(age)
		}
		pass(h)
		h.take()
	}
	serve(100*time.Second, 100*time.Second)
	serve()
	serve(1500*time.Millisecond, 1500*time.Millisecond, 1500*time.Millisecond)
	past := h.past("board")
	if got := past.AgeP50; len(got) != 3 || *got[0] != 90 || got[1] != nil || *got[2] != 1.5 {
		t.Errorf("got medians %v, want 90, half the way through the bucket of 60 to 120 s, then none, then 1.5: each slot by itself", values(got))
	}
	if got := past.AgeP99; got[1] != nil || *got[2] < 1.9 || *got[2] > 2 {
		t.Errorf("got p99 %v, want the end of the bucket of 1 to 2 s in the last", values(got))
	}
}

// values makes pointers legible.
func values(all []*float64) (text []string) {
	for _, v := range all {
		if v == nil {
			text = append(text, "none")
		} else {
			text = append(text, fmt.Sprint(*v))
		}
	}
	return text
}

func TestHistoryForgetsRoutesThatAreGone(t *testing.T) {
	h, _ := remembering(t, "board", "issue")
	h.take()
	reroute(t, h.proxy, "issue")
	pass(h)
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
	pass(l.history)
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
