package push

import (
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/coalescer"
)

// frame is a WebSocket message, framed once and compressed once for all who are
// sent it.
type frame struct {
	*websocket.PreparedMessage
	size int // of the payload, in bytes
}

func newFrame(messageType int, payload []byte) (frame, error) {
	m, err := websocket.NewPreparedMessage(messageType, payload)
	return frame{m, len(payload)}, err
}

// state is a snapshot in the terms of the transports. What is asked for is made
// once; it is shared, and nobody may change it.
type state struct {
	snapshot *coalescer.Snapshot
	seen     time.Time // when the first one was told

	body     func() ([]byte, error) // without content coding
	object   func() ([]byte, error) // of pollard.v1
	bare     func() (frame, error)
	document func() (frame, error)

	mu      sync.Mutex
	patches map[*coalescer.Snapshot]patched // by what they start from; guarded by mu
}

func newState(s *coalescer.Snapshot) *state {
	st := &state{snapshot: s, seen: time.Now()}
	st.body = sync.OnceValues(func() ([]byte, error) { return plainBody(s) })
	st.object = sync.OnceValues(func() ([]byte, error) {
		body, err := st.body()
		if err != nil {
			return nil, err
		}
		return encodeDocument(s, body)
	})
	st.bare = sync.OnceValues(func() (frame, error) {
		body, err := st.body()
		if err != nil {
			return frame{}, err
		}
		return newFrame(messageType(body), body)
	})
	st.document = sync.OnceValues(func() (frame, error) {
		object, err := st.object()
		if err != nil {
			return frame{}, err
		}
		return newFrame(websocket.TextMessage, object)
	})
	return st
}

func messageType(body []byte) int {
	if utf8.Valid(body) {
		return websocket.TextMessage
	}
	return websocket.BinaryMessage
}

// Bounds of what frames remember.
const (
	maxStates     = 128
	maxStateBytes = 32 << 20 // of bodies; all that is made of them is a few times more
)

// frames remembers the states that were asked for last. Those who watch a
// document are told at the same time; who comes later has it made again.
type frames struct {
	mu     sync.Mutex
	states []*state // the oldest first; guarded by mu
	bytes  int      // of their bodies; guarded by mu
}

func newFrames() *frames { return &frames{} }

// of returns the state of a snapshot.
func (f *frames) of(s *coalescer.Snapshot) *state {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.states) - 1; i >= 0; i-- {
		if f.states[i].snapshot == s {
			return f.states[i]
		}
	}
	st := newState(s)
	f.states = append(f.states, st)
	f.bytes += len(s.Body)
	for len(f.states) > maxStates || f.bytes > maxStateBytes && len(f.states) > 1 {
		f.bytes -= len(f.states[0].snapshot.Body)
		f.states[0] = nil // the array lives on
		f.states = f.states[1:]
	}
	return st
}
