package frontdoor

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"time"
)

// A Lane answers requests where they arrive, before net/http has built anything of them. It is asked at request
// boundaries only, never about a connection's first request, and about simple ones: GET or HEAD by HTTP/1.1, a target
// in origin-form that net/http can parse, no content, nothing of the connection but to keep it alive. Whatever it
// declines goes to the handler, untouched and from its first byte.
type Lane interface {
	// Covers reports whether requests for a target may be answered so. It is asked about every head that was not seen
	// on its connection before, so it should cost little.
	Covers(target []byte) bool

	// Prepare returns what answers r, and every further request on its connection whose head is the same to the byte.
	// r is what the handler would be given, but for its context, and the lane's to keep.
	Prepare(r *http.Request) (answer Answer)
}

// Answer appends the head of an answer, its empty line included, to dst and returns both, and the content, which is not
// changed or kept. Where ok is false it has done nothing and the request is the handler's. It is called by one goroutine
// at a time.
type Answer = func(dst []byte) (head, content []byte, ok bool)

// isSimple reports whether the lane may be asked about a request whose head is complete.
func (h *head) isSimple(line []byte) bool {
	method, target := h.method.of(line), h.target.of(line)
	return (string(method) == http.MethodGet || string(method) == http.MethodHead) && h.minor == 1 &&
		h.lengths == 0 && h.codings == 0 && !h.odd && target[0] == '/' && parses(target)
}

// mayUseLane reports whether the connection is at a request boundary, and stays open behind an answer.
func (c *conn) mayUseLane() bool {
	return c.lane != nil && c.isAtRest.Load() && !c.lane.server.retired.Load() && c.socket.leaving.Err() == nil
}

func (c *conn) leaveRest() {
	if c.isAtRest.Load() {
		c.isAtRest.Store(false)
	}
}

// answerKnown answers the requests at the start of b whose heads are known, and returns the rest of b. Nothing else
// must have arrived.
func (c *conn) answerKnown(b []byte) (rest []byte) {
	for len(b) > 0 && c.mayUseLane() && c.in.head.lines == 0 {
		k := c.lane.known.find(b, bytes.HasPrefix)
		if k == nil || !c.answerBy(k.answer) {
			break
		}
		c.in.skipped()
		b = b[len(k.head):]
	}
	return b
}

// answerHead answers the request whose head has just been vetted.
func (c *conn) answerHead() bool {
	if c.in.exchange.simple == (span{}) || !c.mayUseLane() {
		return false
	}
	head := c.in.buf[c.in.off:c.in.vetted]
	k := c.lane.known.find(head, bytes.Equal)
	if k == nil {
		k = c.learn(head)
	}
	if k == nil || !c.answerBy(k.answer) {
		return false
	}
	c.in.skip()
	return true
}

// learn asks the lane about a head that is new on this connection, and remembers what it says.
func (c *conn) learn(head []byte) *known {
	of := c.lane.server.o.Lane
	if len(head) > mostOfHead || !of.Covers(c.in.exchange.simple.of(head)) {
		return nil
	}
	r, err := c.request(head)
	if err != nil {
		return nil // net/http says what is wrong with it
	}
	return c.lane.known.add(bytes.Clone(head), of.Prepare(r))
}

// request returns what net/http makes of a head, by its own parser.
func (c *conn) request(head []byte) (*http.Request, error) {
	l := c.lane
	b := l.server.readers.Get().(*bufio.Reader)
	defer l.server.readers.Put(b)
	b.Reset(bytes.NewReader(head))
	r, err := http.ReadRequest(b)
	if err != nil {
		return nil, err
	}
	c.in.exchange.restore(r)
	if l.peer == "" {
		l.peer = c.RemoteAddr().String()
	}
	r.RemoteAddr, r.TLS = l.peer, l.tls
	return r, nil
}

// answerBy holds the answer back until flush, so that those to pipelined requests are written at once. Where there is
// none the request is net/http's, and so is the connection until it is idle again.
func (c *conn) answerBy(answer Answer) bool {
	l := c.lane
	if l.out == nil {
		l.begin()
	}
	head, content, ok := answer(*l.out)
	if !ok {
		c.leaveRest()
		return false
	}
	l.server.begun.Add(1)
	l.server.answered.Add(1)
	*l.out = head
	if len(content) <= copiedBytes {
		*l.out = append(head, content...)
		content = nil
	}
	if len(content) > 0 || len(*l.out) > heldBytes {
		c.writeOut(content)
	}
	return true
}

// writeOut writes what is held back, and content behind it. What fails is told by flush.
func (c *conn) writeOut(content []byte) {
	l := c.lane
	if len(*l.out) == 0 || l.failed != nil {
		return
	}
	switch {
	case len(content) == 0:
		_, l.failed = c.Conn.Write(*l.out)
	case l.tls == nil:
		l.pair = [2][]byte{*l.out, content}
		l.both = l.pair[:]
		l.failed = c.socket.WriteBuffers(&l.both)
		l.pair = [2][]byte{}
	default: // which copies it anyway
		_, l.failed = c.Conn.Write(append(*l.out, content...))
	}
	*l.out = (*l.out)[:0]
}

// flush writes the answers that are held back. It comes before anything that waits for the client, and before
// net/http is given a request.
func (c *conn) flush() error {
	l := c.lane
	if l == nil || l.out == nil {
		return nil
	}
	c.writeOut(nil)
	c.headBy, l.last = time.Time{}, time.Now()
	if mustClose := l.end(); mustClose {
		_ = c.Close() // whoever asked for it was told that it is done
		return net.ErrClosed
	}
	return l.failed
}

// prolong gives a connection whose time to be idle is over, as net/http counts, what is left of it since the last
// answer in the lane. It reports false where nothing is.
func (c *conn) prolong() bool {
	l := c.lane
	if l == nil || !c.isAtRest.Load() || c.ended.Load() {
		return false
	}
	now, until := time.Now(), l.last.Add(l.server.o.IdleTimeout)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !until.After(now) || !c.headBy.IsZero() && !c.headBy.After(now) {
		return false
	}
	c.asked = until
	return true
}
