package viewer

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// A tab shows one page after another.
type tab struct {
	browser *browser
	way     Way
	pages   []Page
	count   *counter
	random  *rand.Rand
}

// run goes from page to page until ctx ends. Requests live as long as the second context.
func (t *tab) run(ctx, requests context.Context) {
	if !pause(ctx, time.Duration(t.random.Int64N(int64(arrival)))) {
		return
	}
	for ctx.Err() == nil {
		page := t.pages[t.random.IntN(len(t.pages))]
		if err := t.browser.open(requests, page.Path); err != nil {
			t.stop(ctx, err)
		}
		t.watch(ctx, requests, page)
	}
}

// watch polls for a page, or has it pushed, until the person leaves it.
func (t *tab) watch(ctx, requests context.Context, page Page) {
	ctx, leave := context.WithTimeout(ctx, t.about(visit))
	defer leave()
	token := pageToken()
	for ctx.Err() == nil {
		t.count.poll()
		answer, err := t.browser.poll(requests, page, token)
		if err != nil {
			t.stop(ctx, err)
			pause(ctx, t.about(idleVisit))
			return
		}
		if t.way != Polls && answer.isPushed() {
			if err := t.follow(ctx, page, answer.header.Get("ETag")); err != nil {
				t.stop(ctx, err)
			}
		}
		wait := answer.interval()
		if wait == 0 {
			pause(ctx, t.about(idleVisit))
			return
		}
		if t.random.Float64() < wait.Seconds()/shown.Seconds() {
			wait = t.about(hidden) // shown again, a page polls at once
		}
		pause(ctx, wait)
	}
}

// stop records why a page polls no more. What breaks off because everybody goes home is no error.
func (t *tab) stop(ctx context.Context, why error) {
	var foreign foreignError
	switch {
	case errors.As(why, &foreign):
		t.count.foreign(why)
	case !errors.Is(why, context.Canceled) || ctx.Err() == nil:
		t.count.stopped(why)
	}
}

// about returns a random time of the given mean, as between events that do not know of each other.
func (t *tab) about(mean time.Duration) time.Duration {
	return time.Duration(t.random.ExpFloat64() * float64(mean))
}

// pause waits, and reports false when ctx ended before that.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
