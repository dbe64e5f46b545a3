package frontdoor

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// drain is how long the rest of a body that the handler did not want may take to arrive, when the answer is complete.
const drain = 250 * time.Millisecond

// queue keeps what advance found for the handler call that it belongs to.
func (c *conn) queue() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queued == len(c.heads) {
		panic("frontdoor: a head was vetted before the one before it was handed on")
	}
	c.heads[c.queued] = c.in.exchange
	c.queued++
}

// next takes the oldest head in the queue. net/http calls the handler once per head, in order, or not at all and closes
// the connection.
func (c *conn) next() exchange {
	c.answer.Store(unanswered)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queued == 0 {
		panic("frontdoor: a request whose head was not vetted")
	}
	e := c.heads[0]
	c.heads[0], c.heads[1] = c.heads[1], exchange{}
	c.queued--
	return e
}

// mayAnswer claims the answer for the handler. Interim responses (1xx) claim nothing; net/http writes them apart.
func (c *conn) mayAnswer(p []byte) bool {
	if bytes.HasPrefix(p, []byte("HTTP/1.1 1")) && !bytes.HasPrefix(p, []byte("HTTP/1.1 101")) {
		return c.answer.Load() != answeredMalformed
	}
	return c.answer.CompareAndSwap(unanswered, answered) || c.answer.Load() == answered
}

// refuseBody answers a malformed body, unless the handler was quicker, and ends the connection.
func (c *conn) refuseBody(f *refusal) error {
	if c.answer.CompareAndSwap(unanswered, answeredMalformed) {
		_, _ = c.Conn.Write(f.wire()) // a client that does not listen is refused all the same
	}
	c.ended.Store(true)
	c.lingers.Store(true)
	return ErrMalformed
}

// finishBody closes what the handler has left of a body, so that the connection can be kept if the rest has all but
// arrived. net/http would do it after it has ended its background read, and trip over the one that starts at the end of a
// body. A client that was never told to continue withholds the body: it is not waited for.
func (c *conn) finishBody(body io.Closer, number uint64, withheld bool) {
	if c.whole.Load() < number {
		if withheld {
			return
		}
		_ = c.SetReadDeadline(time.Now().Add(drain))
	}
	_ = body.Close() // what counts is whether the body ended, and its caller looks at that
}

// restore gives r what net/http changed of the head that the client sent.
func (e *exchange) restore(r *http.Request) {
	if e.target != "" {
		r.RequestURI = e.target
	}
	if e.authority != "" {
		r.Host = e.authority
	}
	if e.dropCacheControl {
		delete(r.Header, "Cache-Control")
	}
}
