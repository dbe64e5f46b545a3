package forward

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// renewable answers every request, and keeps what is upgraded. It tells of each
// connection that is new.
func renewable(t *testing.T) (u *url.URL, trusting *tls.Config, connected chan struct{}) {
	t.Helper()
	connected = make(chan struct{}, 100)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			return
		}
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
		go func() { io.Copy(io.Discard, c); c.Close() }()
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	handshake := &tls.Config{VerifyConnection: func(tls.ConnectionState) error { connected <- struct{}{}; return nil }}
	s.TLS = handshake
	s.StartTLS()
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return u, &tls.Config{RootCAs: roots}, connected
}

// fetch asks once, and reads the answer to its end.
func fetch(t *testing.T, f *Forwarder) error {
	t.Helper()
	resp, err := f.RoundTrip(f.Outgoing(t.Context(), httptest.NewRequest("GET", "/", nil), "/"))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func upgraded(t *testing.T, f *Forwarder) io.ReadWriteCloser {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Connection", "upgrade")
	r.Header.Set("Upgrade", "x")
	resp, err := f.RoundTrip(f.Outgoing(t.Context(), r, "/"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp.Body.(io.ReadWriteCloser)
}

func TestNothingMadeUnderOldTermsIsUsedAgain(t *testing.T) {
	u, trusting, connected := renewable(t)
	f := New(Options{Terms: Terms{Upstream: Upstream{u}, TLS: trusting}})
	defer f.Close()
	for range 3 { // the second and third renewal, too
		for range 2 {
			if err := fetch(t, f); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(connected); got != 1 {
			t.Errorf("got %d connections, want one that is kept", got)
		}
		<-connected
		busy, err := f.RoundTrip(f.Outgoing(t.Context(), httptest.NewRequest("GET", "/", nil), "/"))
		if err != nil {
			t.Fatal(err)
		}
		f.Renew(Terms{Upstream: Upstream{u}, TLS: trusting})
		busy.Body.Close()
		if got := f.InUse(); !got.IsZero() {
			t.Errorf("in use after a renewal: one that ends %v", got)
		}
	}
}

func TestTheFirstEndInUseIsOfEitherSidesCertificate(t *testing.T) {
	u, trusting, _ := renewable(t)
	f := New(Options{Terms: Terms{Upstream: Upstream{u}, TLS: trusting}})
	defer f.Close()
	if err := fetch(t, f); err != nil {
		t.Fatal(err)
	}
	if got := f.InUse(); got.IsZero() || time.Until(got) < 0 {
		t.Errorf("got %v, want the end of the upstream's certificate", got)
	}
	f.Close()
	if got := f.InUse(); !got.IsZero() {
		t.Errorf("after the end: got %v", got)
	}
}

func TestAConnectionIsNotUsedOnceItsCertificateHasEnded(t *testing.T) {
	u, trusting, connected := renewable(t)
	f := New(Options{Terms: Terms{Upstream: Upstream{u}, TLS: trusting}})
	defer f.Close()
	if err := fetch(t, f); err != nil {
		t.Fatal(err)
	}
	only(f).pool.mu.Lock()
	only(f).pool.idle[0].ends = time.Now()
	only(f).pool.mu.Unlock()
	if err := fetch(t, f); err != nil {
		t.Fatal(err)
	}
	if got := len(connected); got != 2 {
		t.Errorf("got %d connections, want a new one", got)
	}
}

func TestATunnelIsCutWhenItsCertificateEndsAndNotBefore(t *testing.T) {
	u, trusting, _ := renewable(t)
	f := New(Options{Terms: Terms{Upstream: Upstream{u}, TLS: trusting}})
	defer f.Close()
	tunnel := upgraded(t, f)
	ends := f.InUse()
	f.Renew(Terms{Upstream: Upstream{u}, TLS: trusting})
	f.links.sever(ends.Add(-time.Second), time.Time{})
	if _, err := tunnel.Write([]byte("x")); err != nil {
		t.Errorf("before the end: %v", err)
	}
	f.links.sever(ends, time.Time{})
	if _, err := tunnel.Write([]byte("x")); err == nil {
		t.Error("alive after the end")
	}
}

func TestAnUpstreamGoesUnverifiedForAsLongAsStatedAndNoLonger(t *testing.T) {
	u, _, _ := renewable(t)
	until := time.Now().Add(time.Hour)
	f := New(Options{Terms: Terms{Upstream: Upstream{u}, Unverified: until}})
	defer f.Close()
	if err := fetch(t, f); err != nil {
		t.Fatalf("while it is allowed: %v", err)
	}
	if got := f.InUse(); !got.IsZero() {
		t.Errorf("in use: got %v, which nobody vouches for", got)
	}
	only(f).pool.mu.Lock()
	if l := only(f).pool.idle[0]; l.hasEnded(until.Add(-time.Second)) || !l.hasEnded(until) {
		t.Error("what is kept does not end with the time without verification")
	}
	only(f).pool.mu.Unlock()
	tunnel := upgraded(t, f)
	f.links.sever(until.Add(-time.Second), until)
	if _, err := tunnel.Write([]byte("x")); err != nil {
		t.Errorf("cut before the end: %v", err)
	}
	f.links.sever(until, until)
	if _, err := bufio.NewReader(tunnel).ReadByte(); err == nil {
		t.Error("alive after the end")
	}
	f.Renew(Terms{Upstream: Upstream{u}, Unverified: time.Now()})
	if err := fetch(t, f); !errors.Is(err, ErrUnreachable) {
		t.Errorf("after the end: got %v, want the upstream refused", err)
	}
}
