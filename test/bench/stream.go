//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Opcodes of WebSocket frames, RFC 6455, section 5.2.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

// stream follows what one watcher is sent: the head of a response, then WebSocket frames or server-sent
// events. It reads as little as is needed to know what has arrived; events it takes as they come.
type stream struct {
	events  bool   // server-sent events, else WebSocket
	begun   bool   // the head has come
	pending []byte // a head or frame that has come in part; empty otherwise
}

// take consumes what a read returned, and calls heard for each frame that is complete, or for each piece of
// events, which passes as text. The payload is the caller's for the time of the call.
func (s *stream) take(b []byte, heard func(opcode byte, payload []byte) error) error {
	if len(s.pending) > 0 {
		s.pending = append(s.pending, b...)
		b = s.pending
	}
	rest, err := s.consume(b, heard)
	s.pending = append(s.pending[:0], rest...)
	return err
}

// consume returns the bytes that are too few yet.
func (s *stream) consume(b []byte, heard func(byte, []byte) error) ([]byte, error) {
	if !s.begun {
		end := bytes.Index(b, headEnd)
		if end < 0 {
			return b, nil
		}
		if err := s.begin(b[:end]); err != nil {
			return nil, err
		}
		b = b[end+len(headEnd):]
	}
	if s.events {
		if len(b) == 0 {
			return nil, nil
		}
		return nil, heard(opText, b)
	}
	for {
		opcode, payload, rest, err := nextFrame(b)
		if payload == nil || err != nil {
			return b, err
		}
		if err := heard(opcode, payload); err != nil {
			return nil, err
		}
		b = rest
	}
}

func (s *stream) begin(head []byte) error {
	want := "HTTP/1.1 101 "
	if s.events {
		want = "HTTP/1.1 200 "
	}
	if !bytes.HasPrefix(head, []byte(want)) {
		return fmt.Errorf("a watch was refused: %q", head)
	}
	s.begun = true
	return nil
}

// nextFrame cuts the first frame off b; its payload is nil when it is not whole yet. Servers here neither
// mask, nor fragment, nor compress.
func nextFrame(b []byte) (opcode byte, payload, rest []byte, err error) {
	if len(b) < 2 {
		return 0, nil, b, nil
	}
	if b[0]&0xF0 != 0x80 || b[1]&0x80 != 0 {
		return 0, nil, b, fmt.Errorf("a frame that is masked, compressed or a fragment: % x", b[:2])
	}
	size, at := uint64(b[1]), 2
	switch size {
	case 126:
		at = 4
	case 127:
		at = 10
	}
	if len(b) < at {
		return 0, nil, b, nil
	}
	switch size {
	case 126:
		size = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		size = binary.BigEndian.Uint64(b[2:])
	}
	if size > largestBody {
		return 0, nil, b, fmt.Errorf("a frame of %d bytes", size)
	}
	end := at + int(size)
	if len(b) < end {
		return 0, nil, b, nil
	}
	return b[0] & 0x0F, b[at:end:end], b[end:], nil
}

// pong answers a ping; RFC 6455, section 5.5.3. A mask of zeros is a mask, and leaves the payload as it is.
func pong(payload []byte) []byte {
	return append([]byte{0x80 | opPong, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}
