package coalescer

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Options for [New]. The zero value of each but Transport stands for its
// default.
type Options struct {
	Transport   http.RoundTripper // to upstream
	Store       Store             // what a fleet has in common; nil for one instance
	StoredBytes int64             // bodies, fields and overhead of all documents; default 128 MiB
	Documents   int               // default 65536
	Idle        time.Duration     // a document that nobody polled for so long is forgotten, at the latest after twice as long; default 5 minutes
}

// Coalescer holds the feeds.
type Coalescer struct {
	transport http.RoundTripper
	store     Store
	documents *documents
	probes    *probes
	circles   circles
	writes    *writes
	forms     *forms
	watched   *watched

	tellsWrites atomic.Bool // to the store

	ctx     context.Context // the life of all calls
	cancel  context.CancelCauseFunc
	flights sync.WaitGroup // calls under way, and the sweeper

	mu     sync.Mutex
	closed bool // no call may begin; guarded by mu
}

// New returns a coalescer, which forgets idle documents until it is closed.
func New(o Options) *Coalescer {
	if o.StoredBytes == 0 {
		o.StoredBytes = 128 << 20
	}
	if o.Documents == 0 {
		o.Documents = 1 << 16
	}
	if o.Idle == 0 {
		o.Idle = 5 * time.Minute
	}
	c := &Coalescer{transport: o.Transport, store: o.Store, documents: newDocuments(o), probes: newProbes(), circles: newCircles(), writes: newWrites(), forms: &forms{}, watched: newWatched()}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.flights.Go(c.sweep)
	return c
}

// Close ends all calls and watches, fails those who wait for them, and waits
// until all is quiet. Answers that are being read by their leader end early. Polls that come
// later fail, unless they can be answered from memory.
func (c *Coalescer) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel(errClosed)
	for _, f := range c.watched.feeds() {
		f.end(&Ended{Status: http.StatusServiceUnavailable, Reconnect: true}, everybody)
	}
	c.flights.Wait()
}

// start runs a call that Close waits for, unless it is too late for one.
func (c *Coalescer) start(call func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.flights.Go(call)
	}
	return !c.closed
}

// Next returns the current state of the document that p asks for; see
// [Feed.Next].
func (c *Coalescer) Next(ctx context.Context, p *Poll) (Answer, error) {
	f := c.documents.acquire(p, c)
	defer c.documents.release(f)
	return f.Next(ctx, p)
}

// Hit answers p from memory where [Coalescer.Next] would have at once, and reports whether it did. It neither waits nor
// allocates, and makes no document; what it answers from is kept as if it had been polled.
func (c *Coalescer) Hit(p *Poll, now time.Time) (Answer, bool) {
	f := c.documents.use(&p.Key, now)
	if f == nil {
		return Answer{}, false
	}
	return f.hit(p, now)
}

// Expire says that anything may have changed, unseen by us, whoever wrote it:
// what is held, and what calls under way will bring, is stale for everybody.
func (c *Coalescer) Expire() { c.writes.noteAll(time.Now()) }

// Passed says what upstream answered to a poll that went by itself because its
// document could not be shared: polls go on passing, or meet again.
func (c *Coalescer) Passed(k Key, r *Route, resp *http.Response) {
	f := c.documents.peek(k)
	if f == nil {
		return
	}
	f.heedRefusal(r, k.Identity, resp)
	reason := r.unshareable(resp)
	f.mu.Lock()
	f.passed(resp, reason, time.Now())
	held, events := f.snap, f.past.size()
	f.mu.Unlock()
	c.documents.account(f, held, events)
}

// sweep forgets idle documents.
func (c *Coalescer) sweep() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			c.documents.expire(now)
		case <-c.ctx.Done():
			return
		}
	}
}

// Bound changes how many bytes may be stored. What is beyond is forgotten before it returns,
// the least recently used first, but for what calls or watches hold.
func (c *Coalescer) Bound(storedBytes int64) {
	c.documents.maxBytes.Store(storedBytes)
	c.documents.shrink()
}

// Usage is what the coalescer holds, beside its bounds.
type Usage struct {
	Documents, MaxDocuments     int64
	StoredBytes, MaxStoredBytes int64
	Evicted                     int64 // documents dropped for want of room, ever
}

// Usage returns the current figures.
func (c *Coalescer) Usage() Usage {
	d := c.documents
	return Usage{
		Documents: d.count.Load(), MaxDocuments: d.maxCount,
		StoredBytes: d.bytes.Load(), MaxStoredBytes: d.maxBytes.Load(),
		Evicted: d.evicted.Load(),
	}
}
