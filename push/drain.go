package push

import (
	"context"
	"time"
)

// farewells says when each of so many clients is told to go, and when it is to
// come back: client i in the i-th turn, which are as far apart as the rate
// demands. Who need not go before their turn are told then, and come at once:
// also those come in turn who heed no delay.
type farewells struct {
	clients int
	apart   time.Duration // between those who come back
	within  time.Duration // the last is told by then
}

// turn returns when client i is told, and when it is to come back, both since
// the beginning.
func (f farewells) turn(i int) (told, back time.Duration) {
	back = time.Duration(i) * f.apart
	return min(back, time.Duration(float64(f.within)*float64(i)/float64(f.clients))), back
}

// Drain refuses whoever comes, and sends those away who are here, to come back
// elsewhere. They are told so in turn, with the delay that keeps them under the
// rate of reconnects, over the spread at least, and the last half the time
// before ctx ends. It returns how many were told, when all have gone, or when
// ctx ends; then everyone has been told. Polls that are held count as well.
func (h *Hub) Drain(ctx context.Context) (told int) {
	began := time.Now()
	leaving := h.shut()
	plan := farewells{clients: len(leaving), apart: h.apart(), within: untilHalf(ctx)}
	if len(leaving) > 0 {
		plan.apart = max(plan.apart, h.bounds.Load().Spread/time.Duration(len(leaving)))
	}
	for i, c := range leaving {
		turn, back := plan.turn(i)
		pause(ctx, time.Until(began.Add(turn)))
		if c.Leave(Farewell{Code: CloseRestart, After: max(0, time.Until(began.Add(back)))}) {
			told++
		}
	}
	select {
	case <-h.empty:
	case <-ctx.Done():
	}
	return told
}

// shut closes the hub to those who come, and returns who is here.
func (h *Hub) shut() []*membership {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		if len(h.connections) == 0 {
			close(h.empty)
		}
	}
	return h.present()
}

// present is called with mu held.
func (h *Hub) present() []*membership {
	all := make([]*membership, 0, len(h.connections))
	for m := range h.connections {
		all = append(all, m)
	}
	return all
}

// SendAway ends what may no longer be watched, after routes have changed
// ([Subscription.Object]): mostly since push is off there, so clients poll.
// They are told in turn, as far apart as the rate of reconnects demands; when
// ctx ends, all who are left at once. It returns when all have been told. Who
// comes later finds out by itself.
func (h *Hub) SendAway(ctx context.Context) { h.inTurn(ctx, Leaver.Review) }

// SendAllAway has everybody poll instead, in the same way.
func (h *Hub) SendAllAway(ctx context.Context) {
	h.inTurn(ctx, func(c Leaver) bool { return c.Leave(Farewell{Code: ClosePoll}) })
}

// inTurn has those who are here told something, which some heed.
func (h *Hub) inTurn(ctx context.Context, tell func(Leaver) (heeded bool)) {
	h.mu.Lock()
	present := h.present()
	h.mu.Unlock()
	var wait time.Duration // for whom was told last
	for _, c := range present {
		pause(ctx, wait)
		wait = 0
		if tell(c.Leaver) {
			wait = h.apart()
		}
	}
}

func (h *Hub) apart() time.Duration { return seconds(1 / h.bounds.Load().ReconnectsPerSecond) }

// untilHalf returns half the time until ctx ends; without an end, as long as it
// takes.
func untilHalf(ctx context.Context) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return 1<<63 - 1
	}
	return max(0, time.Until(deadline)/2)
}

// pause waits, until ctx ends at most.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 || ctx.Err() != nil {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
