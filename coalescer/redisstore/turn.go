package redisstore

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// turn is coalescer.Turn.
type turn struct {
	store   *Store
	name    coalescer.Name
	claim   claim
	token   uint64
	keep    time.Duration
	granted reading
}

// Publish is coalescer.Turn's. s must not change afterwards.
func (t *turn) Publish(s *coalescer.Said) {
	t.store.board.outdate(t, s)
	t.store.outbox.put(ending{turn: t, said: s})
}

// Release is coalescer.Turn's.
func (t *turn) Release() { t.store.outbox.put(ending{turn: t}) }

// ending is a turn that has ended: with what was said, or nil.
type ending struct {
	*turn
	said *coalescer.Said
}

// outbox has Redis told of turns that have ended, beside whoever ended them.
type outbox struct {
	// Set by newOutbox, then read-only.
	store   *Store
	endings chan ending
	working sync.WaitGroup

	dropped atomic.Uint64

	mu     sync.RWMutex // read-held while something is put, so that nothing is put into what is closed
	closed bool         // guarded by mu
}

func newOutbox(s *Store) *outbox {
	o := &outbox{store: s, endings: make(chan ending, queued)}
	for range publishers {
		o.working.Go(o.work)
	}
	return o
}

// put drops e where as many wait as may.
func (o *outbox) put(e ending) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	if o.closed {
		return
	}
	select {
	case o.endings <- e:
	default:
		o.dropped.Add(1)
	}
}

// close waits until what was put is told, or has failed.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	close(o.endings)
	o.working.Wait()
}

func (o *outbox) work() {
	enc := newEncoder(o.store.options.StateBytes, o.store.seals)
	for e := range o.endings {
		if o.store.health.check() != nil {
			continue
		}
		// What fails is noted by run, and mended by the end of the lease.
		if e.said == nil {
			e.release()
		} else {
			e.publish(enc)
		}
	}
}

func (e ending) publish(enc *encoder) {
	s := e.store
	value := enc.encode(e.turn, e.said, s.full.Load())
	inline := headBytes
	if _, isPrivate := e.name.Owner(); !isPrivate && len(value) <= inlineBytes {
		inline = len(value)
	}
	keys := []string{s.key(e.name, stateKey), s.key(e.name, leaseKey)}
	reply, _ := s.run(context.Background(), s.scripts.publish, e.name, keys,
		version, strconv.FormatUint(e.token, 10), e.head(e.said).until, value,
		s.hints.verb(), s.channel(e.name), s.instance.hint(hintState), inline, s.instance.hint(hintEnd), e.claim[:])
	e.hint(reply, value[:inline])
}

// hint says of a turn that has ended what a script would have said. Nothing was said
// where the script failed, either.
func (e ending) hint(reply any, state []byte) {
	s := e.store
	if !s.hints.apart {
		return
	}
	switch reply {
	case saysState:
		s.hints.say(s.channel(e.name), append(s.instance.hint(hintState), state...))
	case saysEnd:
		s.hints.say(s.channel(e.name), s.instance.hint(hintEnd))
	}
}

// What the scripts that end a turn answer: which hint they have said, or leave to be
// said.
const (
	saysState int64 = iota + 1
	saysEnd
)

func (e ending) release() {
	s := e.store
	reply, _ := s.run(context.Background(), s.scripts.release, e.name, []string{s.key(e.name, leaseKey)},
		e.claim[:], s.hints.verb(), s.channel(e.name), s.instance.hint(hintEnd))
	e.hint(reply, nil)
}
