package frontdoor

import (
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// TestClientThatReadsNothingHoldsLittleOfTheKernelsMemory: the rest of its answer is where it can be counted.
func TestClientThatReadsNothingHoldsLittleOfTheKernelsMemory(t *testing.T) {
	const size, most = 16 << 20, 512 << 10 // of an answer; of it, in the kernel, both ends together
	taken := make(chan int, 1)
	_, addr := serve(t, Options{StallTimeout: 100 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, piece := 0, make([]byte, 4<<10)
		for n < size {
			m, err := w.Write(piece)
			if n += m; err != nil {
				break
			}
		}
		taken <- n
	})})
	narrow := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			if err := syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10); err != nil {
				t.Error(err)
			}
		})
	}}
	c, err := narrow.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\n"+ok); err != nil {
		t.Fatal(err)
	}
	if got := <-taken; got > most {
		t.Errorf("%d bytes were taken for a client that reads nothing, want %d at most", got, most)
	}
}
