package forward

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http/httptest"
	"net/url"
	"testing"
)

// secureUpstream is an upstream over TLS, and what it takes to trust it.
func secureUpstream(t *testing.T, script func(*talker)) (*url.URL, *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	certificates, roots := s.TLS.Certificates, x509.NewCertPool()
	roots.AddCert(s.Certificate())
	s.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certificates, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	converse(t, l, script)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return &url.URL{Scheme: "https", Host: "127.0.0.1:" + port}, &tls.Config{RootCAs: roots}
}

func TestHTTPSUpstream(t *testing.T) {
	u, roots := secureUpstream(t, func(k *talker) {
		for k.head() != "" {
			k.say(ok)
		}
	})
	d := front(t, u, func(o *Options) { o.TLS = roots })
	for range 2 {
		const want = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
		if got := d.ask(t, get); got != want {
			t.Errorf("client received %q, want %q", got, want)
		}
	}
	if roots.NextProtos != nil || roots.ServerName != "" {
		t.Errorf("the caller's configuration was changed: %v", roots)
	}
}
