package push_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/push"
	"github.com/pollard-proxy/pollard/push/readiness"
)

// BenchmarkIdleWatcher reports what a WebSocket costs that is told nothing, both
// ends of the TCP connection included, and what those ends alone cost.
func BenchmarkIdleWatcher(b *testing.B) {
	const watchers = 4000
	for range b.N {
		s := loopback(b)
		s.rawSocket("").Close() // what is made once
		before := memory()
		clients := s.connected(b, watchers)
		for _, conn := range clients {
			handshake(b, conn)
		}
		b.ReportMetric(float64(memory()-before)/watchers, "B/watcher")
		b.ReportMetric(float64(runtime.NumGoroutine())/watchers, "goroutines/watcher")
		for _, conn := range clients {
			conn.Close()
		}
		s.close()
		b.ReportMetric(connectionBytes(b, watchers), "B/connection")
	}
}

// connectionBytes returns what a TCP connection of this process to itself costs.
func connectionBytes(b *testing.B, n int) float64 {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatalf("listening: %v", err)
	}
	defer l.Close()
	var ends []net.Conn
	before := memory()
	for range n {
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			b.Fatalf("dialling: %v", err)
		}
		server, err := l.Accept()
		if err != nil {
			b.Fatalf("accepting: %v", err)
		}
		ends = append(ends, client, server)
	}
	cost := float64(memory()-before) / float64(n)
	for _, conn := range ends {
		conn.Close()
	}
	return cost
}

// connected returns connections on which the server waits for a request.
func (s *scene) connected(b *testing.B, n int) []net.Conn {
	b.Helper()
	all := make([]net.Conn, n)
	for i := range all {
		conn, err := s.dial(context.Background())
		if err != nil {
			b.Fatalf("dialling: %v", err)
		}
		all[i] = conn
	}
	return all
}

// handshake upgrades, and takes in the first message.
func handshake(b *testing.B, conn net.Conn) {
	b.Helper()
	fmt.Fprintf(conn, "GET /poll HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: ann\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	want := len("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n") + len(`{"state":0}`) + 2
	if _, err := io.CopyN(io.Discard, conn, int64(want)); err != nil {
		b.Fatalf("handshake: %v", err)
	}
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

// BenchmarkDelivery measures a change told to so many: from upstream's answer to
// the last client having it.
func BenchmarkDelivery(b *testing.B) {
	for _, watchers := range []int{1, 1000} {
		b.Run(fmt.Sprint(watchers), func(b *testing.B) {
			s := loopback(b)
			var heard sync.WaitGroup
			clients := s.connected(b, watchers)
			for _, conn := range clients {
				handshake(b, conn)
				go func() {
					for in := bufio.NewReaderSize(conn, 256); ; heard.Done() {
						if _, err := in.ReadBytes('\n'); err != nil {
							return
						}
					}
				}()
			}
			sub := s.subscription("ann")
			watch, err := sub.Open(context.Background())
			if err != nil {
				b.Fatalf("opening: %v", err)
			}
			b.ResetTimer()
			for i := range b.N {
				heard.Add(watchers)
				s.up.set(fmt.Sprintf("%0999d\n", i))
				s.c.Wrote(hashOf("identity", "ann"))
				s.c.Next(context.Background(), s.poll("ann"))
				heard.Wait()
			}
			b.StopTimer()
			watch.Close()
			for _, conn := range clients {
				conn.Close()
			}
			s.close()
		})
	}
}

// loopback is a scene over TCP, with a poller where there is one.
func loopback(b *testing.B) *scene {
	b.Helper()
	o := push.Options{Watchers: 20_000, PerIdentity: 20_000, HandshakesPerSecond: 1e6, PingInterval: time.Hour}
	if poller, err := readiness.New(); err == nil {
		b.Cleanup(poller.Close)
		o.Readiness = poller.Of
	}
	return overTCP(b, o)
}
