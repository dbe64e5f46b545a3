package frontdoor

import (
	"bytes"
	"net"
	"net/http"
	"testing"
	"time"
)

func BenchmarkVet(b *testing.B) {
	request := []byte("GET /group/project/-/issues/1/realtime_changes HTTP/1.1\r\nHost: gitlab.example.org\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\nAccept: application/json, text/plain, */*\r\n" +
		"Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nX-Requested-With: XMLHttpRequest\r\nConnection: keep-alive\r\n" +
		"Cookie: _session=0123456789abcdef0123456789abcdef; theme=dark\r\nIf-None-Match: W/\"0123456789abcdef\"\r\nSec-Fetch-Mode: cors\r\n\r\n")
	s := stream{limit: 64 << 10, pool: testPool()}
	p := make([]byte, 4096)
	b.ReportAllocs()
	b.SetBytes(int64(len(request)))
	for b.Loop() {
		s.push(request)
		if complete, f := s.advance(); !complete || f != nil {
			b.Fatal("not complete")
		}
		s.deliver(p)
	}
}

// BenchmarkKeepAlive compares a request over a kept connection with net/http alone.
func BenchmarkKeepAlive(b *testing.B) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotModified) })
	b.Run("net_http", func(b *testing.B) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		s := &http.Server{Handler: h, IdleTimeout: time.Minute, ReadHeaderTimeout: time.Minute}
		done := make(chan error, 1)
		go func() { done <- s.Serve(l) }()
		benchmarkKeepAlive(b, l.Addr().String())
		_ = s.Close()
		<-done
	})
	b.Run("frontdoor", func(b *testing.B) {
		_, addr := serve(b, Options{Handler: h, StallTimeout: time.Minute})
		benchmarkKeepAlive(b, addr)
	})
}

func benchmarkKeepAlive(b *testing.B, addr string) {
	c := dial(b, addr)
	request := []byte("GET /a/b/c?d=e HTTP/1.1\r\nAccept: application/json\r\nCookie: session=0123456789abcdef\r\nIf-None-Match: \"x\"\r\n" + ok)
	answer := make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(request); err != nil {
			b.Fatal(err)
		}
		if n, err := c.Conn.Read(answer); err != nil || !bytes.HasSuffix(answer[:n], []byte("\r\n\r\n")) {
			b.Fatal(n, err)
		}
	}
}
