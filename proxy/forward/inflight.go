package forward

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// inFlight bounds the requests that are with the upstream: from before they are written until
// the last byte of the answer has been read. Further ones wait in line.
type inFlight struct {
	// set by newInFlight, then read-only
	slots   *semaphore.Weighted // nil: unlimited
	most    int
	longest time.Duration // that one waits in line

	count atomic.Int64
}

func newInFlight(most int, longest time.Duration) *inFlight {
	f := &inFlight{most: most, longest: longest}
	if most > 0 {
		f.slots = semaphore.NewWeighted(int64(most))
	}
	return f
}

// InFlight returns how many requests are with the upstream. Tunnels are not among them.
func (f *Forwarder) InFlight() int { return int(f.inFlight.count.Load()) }

// enter waits until one more request may be in flight, which it is until leave is called. Its
// error wraps ErrBusy, or says why ctx ended.
func (f *inFlight) enter(ctx context.Context) (leave func(), err error) {
	if f.slots != nil && !f.slots.TryAcquire(1) {
		if err := f.queue(ctx); err != nil {
			return nil, err
		}
	}
	f.count.Add(1)
	return sync.OnceFunc(f.leave), nil
}

func (f *inFlight) queue(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, f.longest)
	defer cancel()
	if f.slots.Acquire(within, 1) == nil {
		return nil
	}
	if ended := interrupted(ctx); ended != nil {
		return ended
	}
	return fmt.Errorf("%w: %d requests are in flight, and none ended within %v", ErrBusy, f.most, f.longest)
}

func (f *inFlight) leave() {
	f.count.Add(-1)
	if f.slots != nil {
		f.slots.Release(1)
	}
}

// whole has leave called once resp is over: with its body, or at once where it is a tunnel from
// here on, or there is none.
func whole(resp *http.Response, err error, leave func()) (*http.Response, error) {
	if err != nil || resp.Body == http.NoBody || resp.StatusCode == http.StatusSwitchingProtocols {
		leave()
		return resp, err
	}
	resp.Body = &flying{body: resp.Body.(*body), leave: leave}
	return resp, nil
}

// flying is the body of a response that is in flight until its end.
type flying struct {
	*body
	leave func()
}

func (f *flying) Read(p []byte) (int, error) {
	n, err := f.body.Read(p)
	if err != nil {
		f.leave()
	}
	return n, err
}

func (f *flying) Close() error {
	defer f.leave()
	return f.body.Close()
}
