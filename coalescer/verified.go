package coalescer

import (
	"bytes"
	"context"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/pollard-proxy/pollard/etag"
)

// maxGatherings bounds the targets whose circles are known. Members of one that
// was forgotten ask for themselves once, and meet anew.
const maxGatherings = 1 << 14

// maxCircles bounds the states of one target that are current at a time: as
// many roles may see different things. Whoever sees a further one asks alone.
const maxCircles = 8

// circles are those who were given the same (share: verified). Every identity
// keeps its own document, whose body came in answer to its own unconditional
// call. Those who were given equal bytes form a circle: while nothing changes,
// one of them asks for all, with its own credentials; what changed, each of them
// fetches for itself. So a body never crosses: what crosses is the news that
// there is no other one, and only the memory that equal bytes take is shared.
//
//	alice  GET ──► 200 "A"                 If-None-Match ──► 304 (asks for both)
//	bob        GET ──► 200 "A" (the same)                        └─► still current
//	carol      GET ──► 200 "B"             If-None-Match ──► 304 (for herself)
type circles struct {
	byTarget *lru.Cache[[16]byte, *gathering]
}

// gathering is the circles of one target. Its lock is taken under that of a
// feed, and takes none itself.
type gathering struct {
	mu      sync.Mutex
	circles []*circle // guarded by mu, like what they hold
}

// circle is one state of a target and when it was last confirmed to anybody.
type circle struct {
	tag     etag.Tag
	content weak.Pointer[content] // gone with the last document that holds it
	turn    uint64                // counts the states

	asked, due time.Time
	busy       chan struct{} // closed when the one who asks for all is through; nil while nobody does
	alone      time.Time     // each asks for itself until then: upstream failed
}

// content is a body that documents have in common.
type content struct {
	bytes   []byte
	holders atomic.Int64 // documents in the store
}

// shared counts one document more that holds c, and returns the bytes that are
// to be accounted for since.
func (c *content) shared() int64 {
	if c == nil || c.holders.Add(1) > 1 {
		return 0
	}
	return int64(len(c.bytes))
}

// left counts one less, and returns the bytes that are to be accounted for no
// more.
func (c *content) left() int64 {
	if c == nil || c.holders.Add(-1) > 0 {
		return 0
	}
	return int64(len(c.bytes))
}

// membership is a feed's place in a circle: it was given the state of that turn.
// Guarded by Feed.mu.
type membership struct {
	gathering *gathering
	circle    *circle
	turn      uint64
}

func newCircles() circles {
	byTarget, err := lru.New[[16]byte, *gathering](maxGatherings)
	if err != nil {
		panic(err) // only for a size below one
	}
	return circles{byTarget}
}

func (cs circles) of(target [16]byte) *gathering {
	if g, ok := cs.byTarget.Get(target); ok {
		return g
	}
	fresh := &gathering{}
	if g, found, _ := cs.byTarget.PeekOrAdd(target, fresh); found {
		return g
	}
	return fresh
}

// membership is f's place, if what it holds now is what it was given there.
func (f *Feed) membership() membership {
	if f.snap == nil || f.snap.content == nil {
		return membership{}
	}
	return f.member
}

// current reports whether the others have not moved on to another state.
func (m membership) current() bool {
	if m.circle == nil {
		return false
	}
	m.gathering.mu.Lock()
	defer m.gathering.mu.Unlock()
	return m.turn == m.circle.turn
}

// owesProof reports whether an identity has to be given the body anew before it
// may go on: its lease is over, or those who were given the same have something
// else by now.
func (f *Feed) owesProof(r *Route, now time.Time) bool {
	m := f.membership()
	return r.Share == Verified && (f.leaseOver(r, now) || m.circle != nil && !m.current())
}

// goAlong has f's snapshot confirmed by what another member of its circle was
// told, waiting for it if that one is asking. If it returns a circle, f is the
// one to ask, and has to say when it is through.
func (f *Feed) goAlong(ctx context.Context, p *Poll) (asks *membership) {
	for {
		busy, asks := f.follow(p, time.Now())
		if busy == nil {
			return asks
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil
		}
	}
}

// follow takes over what the circle knows; or returns what ends when somebody
// asks for it, or a membership if f is to ask. With neither, f asks for itself,
// if it has to.
func (f *Feed) follow(p *Poll, now time.Time) (busy <-chan struct{}, asks *membership) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.membership()
	if m.circle == nil || !f.canWait(p, now) || f.leaseOver(p.Route, now) || f.c.writes.since(p.Writer, f.proven) {
		return nil, nil
	}
	m.gathering.mu.Lock()
	defer m.gathering.mu.Unlock()
	c := m.circle
	switch {
	case m.turn != c.turn, now.Before(c.alone):
	case c.asked.After(f.asked) && c.asked.After(f.touched()) && now.Before(p.Route.stretched(c.asked, c.due)):
		f.keep(p.Route, true, c.asked, c.due)
		f.past.add(Event{Cause: CauseCircle, Result: ResultSame}, c.tag, now)
	case c.busy != nil:
		return c.busy, nil
	default:
		c.busy = make(chan struct{})
		return nil, &m
	}
	return nil, nil
}

// through says that the one who asked for all is. Where it learnt nothing since,
// and did not just leave, they ask for themselves for a while: upstream fails.
func (m *membership) through(ctx context.Context, r *Route, began time.Time) {
	m.gathering.mu.Lock()
	defer m.gathering.mu.Unlock()
	c := m.circle
	if c.turn == m.turn && c.asked.Before(began) && ctx.Err() == nil {
		c.alone = began.Add(r.Pace(0))
	}
	close(c.busy)
	c.busy = nil
}

// meet finds those who were given what upstream has just given f in answer to an
// unconditional call, and has s take no memory of its own where they hold it
// already. Whoever is the first of its circle to be given something else takes
// the circle along; the others follow when they have been given it, too.
func (f *Feed) meet(s *Snapshot, r *Route) {
	before := f.member
	f.member = membership{}
	if r.variesOnWho(s.Header) {
		return
	}
	g := f.c.circles.of(f.key.Target)
	g.mu.Lock()
	defer g.mu.Unlock()
	c, held := g.find(s)
	if c == nil {
		held = &content{bytes: s.Body}
		if c = before.circle; c == nil || before.gathering != g || before.turn != c.turn {
			c = g.open()
		}
		if c == nil {
			return
		}
		c.tag, c.content, c.turn = s.Tag, weak.Make(held), c.turn+1
	}
	s.content, s.Body = held, held.bytes
	f.member = membership{g, c, c.turn}
}

// confirmed tells the circle when upstream last confirmed its state to f.
func (f *Feed) confirmed() {
	m := f.membership()
	if m.circle == nil {
		return
	}
	m.gathering.mu.Lock()
	defer m.gathering.mu.Unlock()
	if m.turn == m.circle.turn && f.asked.After(m.circle.asked) {
		m.circle.asked, m.circle.due = f.asked, f.regular()
	}
}

// find returns the circle whose state is s, and its body; and forgets those that
// nobody is in any more.
func (g *gathering) find(s *Snapshot) (found *circle, held *content) {
	kept := g.circles[:0]
	for _, c := range g.circles {
		body := c.content.Value()
		if body == nil && c.busy == nil {
			continue
		}
		kept = append(kept, c)
		if body != nil && c.tag == s.Tag && bytes.Equal(body.bytes, s.Body) {
			found, held = c, body
		}
	}
	clear(g.circles[len(kept):])
	g.circles = kept
	return found, held
}

// open begins a circle, unless there are too many.
func (g *gathering) open() *circle {
	if len(g.circles) == maxCircles {
		return nil
	}
	c := &circle{}
	g.circles = append(g.circles, c)
	return c
}

// variesOnWho reports whether an answer says that it depends on who asks.
func (r *Route) variesOnWho(h http.Header) bool {
	for _, line := range h["Vary"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)); name == "*" || r.SaysWho(name) {
				return true
			}
		}
	}
	return false
}
