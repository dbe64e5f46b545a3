package push_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
)

// do makes a request on a connection of its own.
func (s *scene) do(r *http.Request) *http.Response {
	s.t.Helper()
	transport := &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) },
		DisableKeepAlives: true, DisableCompression: true,
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		s.t.Fatalf("%s: %v", r.Method, err)
	}
	if resp.Header.Get("Content-Type") != "text/event-stream" {
		resp.Body.Close()
	}
	return resp
}

// rawSocket is a WebSocket after its handshake, as bytes.
type rawSocket struct {
	net.Conn
	in *bufio.Reader
	t  testing.TB
}

func (s *scene) rawSocket(fields string) *rawSocket {
	s.t.Helper()
	conn, err := s.dial(context.Background())
	if err != nil {
		s.t.Fatalf("dialling: %v", err)
	}
	fmt.Fprintf(conn, "GET /poll HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", fields)
	raw := &rawSocket{conn, bufio.NewReader(conn), s.t}
	resp, err := http.ReadResponse(raw.in, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		s.t.Fatalf("handshake: %v, %v", resp, err)
	}
	return raw
}

func (r *rawSocket) drain() { io.Copy(io.Discard, r.in) }

// frame returns the bytes of a client's frame, masked with zeros.
func clientFrame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return append(append(b, 0, 0, 0, 0), payload...)
}

// closeCode reads frames until the one that closes; 0 if the connection ends
// without.
func (r *rawSocket) closeCode() int {
	for {
		var head [2]byte
		if _, err := io.ReadFull(r.in, head[:]); err != nil {
			return 0
		}
		n := int64(head[1])
		if n == 126 {
			var length [2]byte
			io.ReadFull(r.in, length[:])
			n = int64(binary.BigEndian.Uint16(length[:]))
		}
		payload := make([]byte, n)
		if _, err := io.ReadFull(r.in, payload); err != nil {
			return 0
		}
		if head[0]&0xf == 8 && n >= 2 {
			return int(binary.BigEndian.Uint16(payload))
		}
	}
}
