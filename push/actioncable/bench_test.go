package actioncable_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/push"
)

// BenchmarkIdleSubscriber reports what a cable with one subscription costs that
// is told nothing, our client's end of the connection included.
func BenchmarkIdleSubscriber(b *testing.B) {
	const subscribers = 2000
	for range b.N {
		s := newScene(b, settings{hub: push.Options{Watchers: subscribers + 1, HandshakesPerSecond: 1e6}})
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		go s.server.Serve(l)
		rawSubscriber(b, l).Close() // what is made once
		before, goroutines := memory(), runtime.NumGoroutine()
		clients := make([]net.Conn, subscribers)
		for i := range clients {
			clients[i] = rawSubscriber(b, l)
		}
		b.ReportMetric(float64(memory()-before)/subscribers, "B/subscriber")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/subscribers, "goroutines/subscriber")
		for _, c := range clients {
			c.Close()
		}
		s.close()
	}
}

// rawSubscriber is a client that holds no memory once it has the first document.
func rawSubscriber(b *testing.B, l net.Listener) net.Conn {
	b.Helper()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: ann\r\n"+
		"Sec-WebSocket-Protocol: %s\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", basic)
	in := bufio.NewReaderSize(conn, 256)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		b.Fatalf("answered %v, %v", resp, err)
	}
	command := fmt.Sprintf(`{"command":"subscribe","identifier":%s}`, quoted("/a"))
	conn.Write(append([]byte{0x81, 0x80 | byte(len(command)), 0, 0, 0, 0}, command...))
	for text := ""; !strings.Contains(text, `{"a":0}`); {
		c, err := in.ReadByte()
		if err != nil {
			b.Fatal(err)
		}
		text += string(c)
	}
	return conn
}

// memory returns the bytes of heap and stacks in use. What goroutines leave that
// have just ended is freed by a later collection.
func memory() uint64 {
	for range 3 {
		runtime.GC()
		time.Sleep(50 * time.Millisecond)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
