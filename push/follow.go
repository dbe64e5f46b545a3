package push

import (
	"context"
	"errors"
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
	// Beat writes a sign of life, and reports an error if the client has shown
	// none.
	Beat() error
}

// Following is one client's interest in one document.
type Following struct {
	Subscription Subscription
	Transport    ledger.Transport
	Watch        *coalescer.Watch
	After        etag.Tag      // of the state that the client has; "" for none
	Beats        time.Duration // how often there is a sign of life; 0 for never
}

// Follow is Next in a loop: it writes each state that follows After to out, the
// newest where there were several meanwhile, until the watch or ctx ends or a
// write fails. It returns the [*coalescer.Ended], the cause of ctx, or what
// failed.
func (h *Hub) Follow(ctx context.Context, f Following, out Outlet) error {
	done := f.Subscription.Counts.Watch(f.Transport)
	defer done()
	p := &pursuit{Following: f, hub: h, out: out, began: time.Now()}
	p.beat = p.began.Add(time.Duration(1 << 62))
	if f.Beats > 0 {
		p.beat = p.began.Add(rand.N(f.Beats)) // who came together does not beat together
	}
	for {
		if err := p.step(ctx); err != nil {
			return err
		}
	}
}

// pursuit is a following under way.
type pursuit struct {
	Following
	hub   *Hub
	out   Outlet
	began time.Time

	told  coalescer.Moment // the last that was written
	beat  time.Time        // the next sign of life
	comes time.Time        // when the client fetches, as it was told
}

// step waits for the next state, or until the next beat.
func (p *pursuit) step(ctx context.Context) error {
	wait, cancel := context.WithDeadline(ctx, p.beat)
	defer cancel()
	m, err := p.Watch.Next(wait, p.After)
	switch {
	case err == nil:
		err = p.tell(m)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !errors.Is(err, context.DeadlineExceeded):
		return err
	default:
		err = nil
	}
	if err == nil && !time.Now().Before(p.beat) {
		p.beat = time.Now().Add(p.Beats)
		err = p.out.Beat()
	}
	return err
}

// tell writes a state, or that there is one.
func (p *pursuit) tell(m coalescer.Moment) error {
	defer func() { p.After, p.told = m.Tag, m }()
	counts := p.Subscription.Counts
	if p.told.Epoch == m.Epoch && m.Offset > p.told.Offset {
		counts.Skipped(p.Transport, m.Offset-p.told.Offset-1)
	}
	if p.Subscription.SignalBudget > 0 {
		return p.signal(m)
	}
	if err := p.out.Document(m); err != nil {
		counts.Delivered(p.Transport, ledger.Undelivered)
		return err
	}
	p.delivered(m)
	return nil
}

// signal tells the client when to come, unless it has yet to come and will find
// this state too.
func (p *pursuit) signal(m coalescer.Moment) error {
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
func (p *pursuit) delivered(m coalescer.Moment) {
	counts := p.Subscription.Counts
	counts.Delivered(p.Transport, ledger.Delivered)
	if seen := p.hub.frames.of(m.Snapshot).seen; p.After != "" && !seen.Before(p.began) {
		counts.Delivery(time.Since(seen))
	}
}
