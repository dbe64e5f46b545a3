//go:build linux

package main

import (
	"bytes"
	"strings"
	"testing"
)

const upgraded = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"

func TestStreamHearsEveryFrameHoweverItArrives(t *testing.T) {
	long := strings.Repeat("x", 300)
	sent := upgraded + "\x81\x05hello" + "\x89\x02hi" + "\x81\x7e\x01\x2c" + long + "\x88\x02\x03\xf4"
	want := "1 hello|9 hi|1 " + long + "|8 \x03\xf4|"
	for size := 1; size <= len(sent); size++ {
		var s stream
		var got bytes.Buffer
		for at := 0; at < len(sent); at += size {
			err := s.take([]byte(sent[at:min(at+size, len(sent))]), func(opcode byte, payload []byte) error {
				got.WriteString(string('0'+rune(opcode)) + " " + string(payload) + "|")
				return nil
			})
			if err != nil {
				t.Fatalf("in pieces of %d, at %d: %v", size, at, err)
			}
		}
		if got.String() != want {
			t.Fatalf("in pieces of %d: got %q, want %q", size, got.String(), want)
		}
	}
}

func TestStreamOfEventsHearsWhatFollowsTheHead(t *testing.T) {
	s, got := stream{events: true}, ""
	for _, piece := range []string{"HTTP/1.1 200 OK\r\n", "\r\n", "data: 1\n", "\n"} {
		if err := s.take([]byte(piece), func(_ byte, payload []byte) error { got += string(payload); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if want := "data: 1\n\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestStreamRefusesWhatItCannotFollow(t *testing.T) {
	for _, tt := range []struct{ name, bytes, want string }{
		{"a refusal", "HTTP/1.1 503 Service Unavailable\r\n\r\n", "refused"},
		{"a response instead of an upgrade", "HTTP/1.1 200 OK\r\n\r\n", "refused"},
		{"a fragment", upgraded + "\x01\x05hello", "fragment"},
		{"a compressed frame", upgraded + "\xc1\x05hello", "compressed"},
		{"a masked frame", upgraded + "\x81\x85\x00\x00\x00\x00hello", "masked"},
		{"a frame without bounds", upgraded + "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "a frame of"},
	} {
		var s stream
		err := s.take([]byte(tt.bytes), func(byte, []byte) error { return nil })
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}
