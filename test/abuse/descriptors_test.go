package abuse

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// knock opens a connection and asks for the document, and returns the connection once that has come; nil if it was
// refused.
func knock(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil
	}
	t.Cleanup(func() { _ = c.Close() })
	if !exchange(c, "GET /doc HTTP/1.1\r\nHost: a\r\n\r\n") {
		return nil
	}
	return c
}

// exchange reports whether a request on a connection is answered with 200.
func exchange(c net.Conn, request string) bool {
	if _, err := io.WriteString(c, request); err != nil {
		return false
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}

// TestClientsCannotUseUpTheFileDescriptors: who is connected can still be forwarded, on connections to the upstream that
// are yet to be made, and operators can look.
func TestClientsCannotUseUpTheFileDescriptors(t *testing.T) {
	t.Parallel()
	const descriptors, clients = 200, 150 // three quarters
	p := serve(t, descriptors, "")
	var open []net.Conn
	for range 2 * descriptors {
		if c := knock(t, p.Front); c != nil {
			open = append(open, c)
		}
	}
	if n := len(open); n < clients/2 || n > clients {
		t.Errorf("%d connections were let in with %d descriptors, want most of %d", n, descriptors, clients)
	}
	answered := make(chan bool)
	const atOnce = 20 // each on a connection of its own to the upstream
	for _, c := range open[:atOnce] {
		go func() {
			answered <- exchange(c, "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
		}()
	}
	for range atOnce {
		if !<-answered {
			t.Error("a request of a client that was let in was not answered")
		}
	}
	if got := figure(t, p, `pollard_limit_refusals_total{limit="file_descriptors"}`); got < descriptors {
		t.Errorf("%v refusals are counted, want those of %d connections at least", got, descriptors)
	}
	if got := figure(t, p, `pollard_saturation_ratio{component="file_descriptors"}`); got < 0.9 {
		t.Errorf("saturation %v, want about 1", got)
	}
	if said := p.Log.String(); strings.Contains(said, "too many open files") {
		t.Errorf("they were used up:\n%s", said)
	}
}
