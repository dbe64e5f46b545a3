package frontdoor

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
)

// frame returns an HTTP/2 frame (RFC 9113 §4.1).
func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := []byte{0, 0, byte(len(payload)), kind, flags} // payloads are short here
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

const (
	headersFrame, resetFrame, settingsFrame, goAwayFrame = 1, 3, 4, 7
	endsStreamAndHeaders                                 = 1 | 4
	cancelled, calmDown                                  = 8, 11
)

// rapidResets opens streams and cancels each at once (CVE-2023-44487), until all are or the server has closed the
// connection, and returns how many that were and the code with which the server went away, -1 if it has not.
func rapidResets(t *testing.T, addr string, streams int) (sent int, code int) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	gone := make(chan int, 1)
	go func() { gone <- goAway(conn) }()
	if _, err := conn.Write(append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(settingsFrame, 0, 0, nil)...)); err != nil {
		t.Fatal(err)
	}
	get := []byte{0x82, 0x86, 0x84, 0x01, 1, 'a'} // GET, http, /, :authority a (RFC 7541, appendix A)
	cancel := binary.BigEndian.AppendUint32(nil, cancelled)
	for ; sent < streams; sent++ {
		id := uint32(2*sent + 1)
		if _, err := conn.Write(append(frame(headersFrame, endsStreamAndHeaders, id, get), frame(resetFrame, 0, id, cancel)...)); err != nil {
			break
		}
	}
	_ = conn.(*net.TCPConn).CloseWrite() // fails where the server was first
	return sent, <-gone
}

// goAway reads until the end, and returns the code of GOAWAY (RFC 9113 §6.8), -1 if there was none.
func goAway(conn net.Conn) int {
	code := -1
	for {
		var head [9]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return code
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(conn, payload); err != nil {
			return code
		}
		if head[3] == goAwayFrame {
			code = int(binary.BigEndian.Uint32(payload[4:]))
		}
	}
}

// TestRapidResetsAreSentAwayAndBeginNoMoreThanAConnectionMay: net/http bounds the handlers of a connection by its
// streams, cancelled ones that have not returned included, and has no patience with more.
func TestRapidResetsAreSentAwayAndBeginNoMoreThanAConnectionMay(t *testing.T) {
	const mostStreams = 250 // of a connection, net/http's default
	release := make(chan struct{})
	var begun atomic.Int64
	_, addr := serve(t, Options{H2C: true, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 {
			begun.Add(1)
			<-release // what it has begun elsewhere takes its time
		}
	})})
	sent, code := rapidResets(t, addr, 10_000)
	if code != calmDown {
		t.Errorf("after %d resets: GOAWAY with %d, want %d", sent, code, calmDown)
	}
	if got := begun.Load(); got > mostStreams {
		t.Errorf("%d handlers at once of one connection, want %d at most", got, mostStreams)
	}
	if letIn(t, addr) == nil {
		t.Error("others are not served meanwhile")
	}
	close(release)
}
