//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestAnswerIsCompleteAfterItsLastByteHoweverItArrives(t *testing.T) {
	for _, tt := range []struct {
		name, bytes string
		status      int
	}{
		{"with a body", "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello", 200},
		{"with an empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200},
		{"with a small-letter field", "HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello", 200},
		{"not modified, whatever length it names", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304},
		{"with a blank line in the body", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\r\n\r\nab", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for size := 1; size <= len(tt.bytes); size++ {
				var a answer
				for at := 0; at < len(tt.bytes); at += size {
					piece := tt.bytes[at:min(at+size, len(tt.bytes))]
					done, err := a.take([]byte(piece))
					last := at+size >= len(tt.bytes)
					if err != nil || done != last {
						t.Fatalf("in pieces of %d, at %d: got %v, %v, want %v, nil", size, at, done, err, last)
					}
				}
				if a.status != tt.status {
					t.Errorf("in pieces of %d: got status %d, want %d", size, a.status, tt.status)
				}
			}
		})
	}
}

func TestAnswerRefusesWhatItCannotFollow(t *testing.T) {
	for _, tt := range []struct{ name, bytes, want string }{
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "without Content-Length"},
		{"a second response", "HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n", "more than one response"},
		{"an interim response", "HTTP/1.1 103 Early Hints\r\n\r\n", "not a final response"},
		{"another protocol", "ssh\r\n\r\n", "not a response"},
		{"a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var a answer
			_, err := a.take([]byte(tt.bytes))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}
