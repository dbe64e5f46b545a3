package frontdoor

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
)

// certificate borrows httptest's, which is for example.com.
func certificate(t testing.TB) (*tls.Config, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, roots
}

// secure puts TLS over a raw connection.
func (c *client) secure(roots *x509.CertPool, protocols ...string) *client {
	c.t.Helper()
	s := tls.Client(c.Conn, &tls.Config{RootCAs: roots, ServerName: "example.com", NextProtos: protocols})
	if err := s.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	return &client{s, c.t, bufio.NewReader(s)}
}

func TestTLSSpeaksBothVersionsAndTheHandlerSeesIt(t *testing.T) {
	config, roots := certificate(t)
	_, addr := serve(t, Options{TLS: config, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s %v", r.Proto, Target(r), r.TLS != nil && r.TLS.HandshakeComplete)
	})})
	for _, want := range []string{"HTTP/1.1 /a;b%2F true", "HTTP/2.0 /a;b%2F true"} {
		var p http.Protocols
		p.SetHTTP1(strings.HasPrefix(want, "HTTP/1"))
		p.SetHTTP2(!p.HTTP1())
		transport := &http.Transport{Protocols: &p, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}}
		resp, err := (&http.Client{Transport: transport}).Get("https://" + addr + "/a;b%2F")
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		transport.CloseIdleConnections()
		if string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTLSIsVettedLikeCleartext(t *testing.T) {
	config, roots := certificate(t)
	_, addr := serve(t, Options{TLS: config, H2C: true, HeaderBytes: testLimit, Handler: echo})
	for _, tt := range refuses {
		c := dial(t, addr).secure(roots, "http/1.1")
		c.send(tt.request)
		if status, _, _ := c.response(); status != tt.status {
			t.Errorf("%s: got %d, want %d", tt.name, status, tt.status)
		}
		_ = c.Close()
	}
}

func TestCleartextToTheTLSPortIsToldSo(t *testing.T) {
	config, _ := certificate(t)
	_, addr := serve(t, Options{TLS: config, Handler: echo})
	c := dial(t, addr)
	c.send("GET / HTTP/1.1\r\n" + ok)
	if status, body, _ := c.response(); status != 400 || !strings.Contains(body, "HTTPS") {
		t.Errorf("got %d %q, want 400", status, body)
	}
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	c.ends()
}

func TestUpgradedConnectionKeepsEarlyBytesAndHalfCloses(t *testing.T) {
	config, roots := certificate(t)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, b, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack: %v", err)
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\n")
		got, err := io.ReadAll(b) // to the client's half-close
		if err != nil {
			t.Errorf("read: %v", err)
		}
		_, _ = io.WriteString(c, strings.ToUpper(string(got)))
		if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Errorf("CloseWrite: %v", err)
		}
		_, _ = io.Copy(io.Discard, c)
	})
	_, plain := serve(t, Options{Handler: handler})
	_, secure := serve(t, Options{Handler: handler, TLS: config})
	for _, c := range []*client{dial(t, plain), dial(t, secure).secure(roots)} {
		c.send("GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: shout\r\n" + ok + "early\n\x00")
		if resp, err := http.ReadResponse(c.in, nil); err != nil || resp.StatusCode != 101 {
			t.Fatalf("got %v, %v, want 101", resp, err)
		}
		c.send("late")
		if err := closeWrite(c.Conn); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(c.in); string(got) != "EARLY\n\x00LATE" {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestWhoKeepsAHijackedConnectionNeedNotKeepWhatVettedIt(t *testing.T) {
	config, roots := certificate(t)
	hijacked := make(chan net.Conn, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack: %v", err)
		}
		hijacked <- c
	})
	_, plain := serve(t, Options{Handler: handler})
	_, secure := serve(t, Options{Handler: handler, TLS: config})
	upgrade := "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: shout\r\n" + ok
	for _, test := range []struct {
		name             string
		client           *client
		send             string
		vetted, pollable bool // what is left
	}{
		{"plain", dial(t, plain), upgrade, false, true},
		{"TLS", dial(t, secure).secure(roots), upgrade, false, false},
		{"with bytes that came early", dial(t, plain), upgrade + "early", true, false},
	} {
		test.client.send(test.send)
		c := <-hijacked
		left := c.(interface{ Unvetted() net.Conn }).Unvetted()
		if got := vetted(left) != nil; got != test.vetted {
			t.Errorf("%s: vetting is left: %v, want %v", test.name, got, test.vetted)
		}
		got := false
		if below, ok := left.(syscall.Conn); ok {
			_, err := below.SyscallConn()
			got = err == nil
		}
		if got != test.pollable {
			t.Errorf("%s: the kernel tells when it can be read: %v, want %v", test.name, got, test.pollable)
		}
		_ = c.Close()
	}
}

func TestRefusedUpgradeClosesAndServesNothingBehindIt(t *testing.T) {
	_, addr := serve(t, Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Target(r) != "/" {
			t.Errorf("%s was served from behind an upgrade", Target(r))
		}
		w.Header().Del("Connection") // as a handler may that copies what an upstream said
		_, _ = io.ReadAll(r.Body)
	})})
	for _, head := range []string{"Connection: upgrade\r\nUpgrade: websocket\r\n", "Content-Length: 2\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"} {
		c := dial(t, addr)
		c.send("GET / HTTP/1.1\r\n" + head + ok + "hiGET /smuggled HTTP/1.1\r\n" + ok)
		if status, _, _ := c.response(); status != 200 {
			t.Errorf("got %d", status)
		}
		_ = c.Conn.(*net.TCPConn).CloseWrite()
		c.ends()
	}
}

func TestH2CIsServedWhereAskedForAndElseRefused(t *testing.T) {
	for _, on := range []bool{true, false} {
		_, addr := serve(t, Options{Handler: echo, H2C: on})
		var p http.Protocols
		p.SetUnencryptedHTTP2(true)
		transport := &http.Transport{Protocols: &p}
		resp, err := (&http.Client{Transport: transport}).Post("http://"+addr+"/a%2F", "text/plain", strings.NewReader("body"))
		if !on {
			if err == nil {
				t.Errorf("got %v, want HTTP/2 refused", resp.Status)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		transport.CloseIdleConnections()
		if want := "/a%2F " + addr + " body"; string(got) != want || resp.ProtoMajor != 2 {
			t.Errorf("got %s %q, want %q", resp.Proto, got, want)
		}
	}
}

func TestStreamsThatWouldSplitARequestAreRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*http.Request)
		status int // 0: passes
	}{
		{"plain", func(*http.Request) {}, 0},
		{"Host that repeats :authority", func(r *http.Request) { r.Header.Set("Host", r.Host) }, 0},
		{"other Host", func(r *http.Request) { r.Header.Set("Host", "other.example") }, 400},
		{"no Host", func(r *http.Request) { r.Host = "" }, 400},
		{"bad Host", func(r *http.Request) { r.Host = "a/b" }, 400},
		{"space in path", func(r *http.Request) { r.RequestURI = "/ HTTP/1.1" }, 400},
		{"space in method", func(r *http.Request) { r.Method = "GET / HTTP/1.1" }, 400},
		{"asterisk of GET", func(r *http.Request) { r.RequestURI = "*" }, 400},
		{"two Content-Lengths", func(r *http.Request) { r.Header["Content-Length"] = []string{"1", "1"} }, 400},
		{"bad Content-Length", func(r *http.Request) { r.Header.Set("Content-Length", "1x") }, 400},
		{"CONNECT", func(r *http.Request) { r.Method = "CONNECT" }, 405},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		tt.change(r)
		f := vetStream(r)
		if got := status(f); got != tt.status {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.status)
		}
		if f == nil && r.Header.Get("Host") != "" {
			t.Errorf("%s: the Host field was left beside :authority", tt.name)
		}
	}
}

func status(f *refusal) int {
	if f == nil {
		return 0
	}
	return f.status
}
