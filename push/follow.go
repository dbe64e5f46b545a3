package push

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// Outlet writes what happens to one document to one client. An error of any of
// its methods ends the following; each must be bounded in time.
type Outlet interface {
	// Document writes a state.
	Document(m coalescer.Moment) error
	// Changed writes that there is another state, to be fetched after a delay.
	Changed(tag etag.Tag, after time.Duration) error
}

// Following is one client's interest in one document.
type Following struct {
	Subscription Subscription
	Transport    ledger.Transport
	Watch        *coalescer.Watch
	After        etag.Tag // of the state that the client has; "" for none
}

// Pursuit is a following under way. It needs no goroutine while there is nothing
// to tell. It belongs to one at a time.
type Pursuit struct {
	Following
	hub   *Hub
	out   Outlet
	began time.Time
	count *ledger.Watching
	fares testimony

	told  coalescer.Moment // the last that was written
	comes time.Time        // when the client fetches, as it was told
}

// Pursue begins a following, which is counted until [Pursuit.End].
func (h *Hub) Pursue(f Following, out Outlet) *Pursuit {
	p := &Pursuit{Following: f, hub: h, out: out, began: time.Now(), count: f.Subscription.Counts.Watch(f.Transport)}
	p.fares.begin(f.Subscription.Witness)
	return p
}

// Step writes the current state, unless the client has it. Then wake is called,
// once, as soon as another step may find more; it must return at once, and be the
// same in each step. Whoever
// steps slowly skips states, and never the last. Step returns the
// [*coalescer.Ended], or what failed.
func (p *Pursuit) Step(wake func()) error {
	m, ok, err := p.Watch.Now(p.After, p.fares.waking(wake))
	if err != nil || !ok {
		return err
	}
	if err := p.tell(m); err != nil {
		if isOurs(err) {
			p.fares.fail()
		}
		return err
	}
	wake()
	return nil
}

// End ends the counting. The watch stays with who opened it.
func (p *Pursuit) End() {
	p.count.Done()
	p.fares.end()
}

// follow pursues for as long as ctx lasts, by the goroutine that calls it: it
// returns the cause of that, or what Step does. Every so often it calls beat.
func (p *Pursuit) follow(ctx context.Context, beats time.Duration, beat func() error) error {
	news := make(chan struct{}, 1)
	wake := func() {
		select {
		case news <- struct{}{}:
		default: // it will look anyway
		}
	}
	beating := time.NewTimer(rand.N(beats)) // who came together does not beat together
	defer beating.Stop()
	for ctx.Err() == nil {
		if err := p.Step(wake); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-news:
		case <-beating.C:
			beating.Reset(beats)
			if err := beat(); err != nil {
				return err
			}
		}
	}
	return context.Cause(ctx)
}

// tell writes a state, or that there is one.
func (p *Pursuit) tell(m coalescer.Moment) error {
	defer func() { p.After, p.told = m.Tag, m }()
	counts := p.Subscription.Counts
	if every := p.Subscription.Every; every != nil {
		p.count.Every(every(m.Header))
	}
	if p.told.Epoch == m.Epoch && m.Offset > p.told.Offset {
		counts.Skipped(p.Transport, m.Offset-p.told.Offset-1)
	}
	if p.Subscription.SignalBudget > 0 {
		return p.signal(m)
	}
	if err := p.write(m); err != nil {
		counts.Delivered(p.Transport, ledger.Undelivered)
		return err
	}
	p.delivered(m)
	p.fares.wrote(m.Snapshot)
	return nil
}

// write writes a state, when there is room for it among what other clients have yet to take.
// It is waited for longer than any of these may need: who came at the same moment is not sent
// away with them.
func (p *Pursuit) write(m coalescer.Moment) error {
	size, hub := int64(len(m.Body)), p.hub
	if !hub.pending.hold(size, 2*hub.options.WriteTimeout) {
		return Farewell{Code: CloseTryLater, After: hub.comeBack()}
	}
	defer hub.pending.release(size)
	p.fares.writes(hub.options.WriteTimeout)
	return p.out.Document(m)
}

// signal tells the client when to come, unless it has yet to come and will find
// this state too.
func (p *Pursuit) signal(m coalescer.Moment) error {
	now := time.Now()
	if now.Before(p.comes) {
		p.Subscription.Counts.Skipped(p.Transport, 1)
		return nil
	}
	p.comes = p.hub.signals.turn(p.Subscription.Route, p.Subscription.SignalBudget, now)
	if err := p.out.Changed(m.Tag, p.comes.Sub(now)); err != nil {
		p.Subscription.Counts.Delivered(p.Transport, ledger.Undelivered)
		return err
	}
	p.delivered(m)
	return nil
}

// delivered counts what was written. How long it took since the change was seen
// is known if it happened meanwhile: what a client is told at first is no news.
func (p *Pursuit) delivered(m coalescer.Moment) {
	counts := p.Subscription.Counts
	counts.Delivered(p.Transport, ledger.Delivered)
	if seen := p.hub.frames.of(m.Snapshot).seen; p.After != "" && !seen.Before(p.began) {
		counts.Delivery(time.Since(seen))
	}
}
