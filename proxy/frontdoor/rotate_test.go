package frontdoor

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// pair returns a certificate that is good for so long from now on. Without tickets, which nobody would read from a pipe.
func pair(t *testing.T, good time.Duration) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(good)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, SessionTicketsDisabled: true}
}

// A rotation is a server in a bubble that has its clients leave over ten seconds.
type rotation struct {
	*Server
	t       *testing.T
	l       *pipes
	tunnels chan context.Context // what Leaving says of those that were taken over
}

func rotate(t *testing.T, c *tls.Config, test func(r *rotation)) {
	r := &rotation{t: t, l: &pipes{conns: make(chan net.Conn), done: make(chan struct{})}, tunnels: make(chan context.Context, 1)}
	r.Server = New(Options{
		TLS: c, Pace: func() (time.Duration, int) { return 10 * time.Second, 100 }, IdleTimeout: 1000 * time.Hour, Handler: r,
		Logger: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	served, rotated := make(chan error, 1), make(chan struct{})
	go func() { served <- r.Serve(r.l) }()
	go func() { defer close(rotated); r.Rotate(ctx) }()
	defer func() {
		cancel()
		_ = r.Close()
		<-served
		<-rotated
	}()
	test(r)
}

// ServeHTTP takes upgrades over and keeps them; it answers everything else.
func (r *rotation) ServeHTTP(w http.ResponseWriter, in *http.Request) {
	if in.Header.Get("Upgrade") == "" {
		return
	}
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		r.t.Error(err)
		return
	}
	r.tunnels <- Leaving(in.Context())
	go func() { // whoever takes a connection over reads it
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
	}()
}

func (r *rotation) dial() *client {
	r.t.Helper()
	raw := r.l.dial(r.t)
	c := tls.Client(raw.Conn, &tls.Config{InsecureSkipVerify: true})
	if err := c.Handshake(); err != nil {
		r.t.Fatal(err)
	}
	return &client{c, r.t, bufio.NewReader(c)}
}

// isLast polls once, and reports whether the connection closes behind it.
func (r *rotation) isLast(c *client) bool {
	r.t.Helper()
	c.send("GET / HTTP/1.1\r\n" + ok)
	status, _, h := c.response()
	if status != http.StatusOK {
		r.t.Errorf("got %d", status)
	}
	if h.Get("Connection") != "close" {
		return false
	}
	if secure, ok := c.Conn.(*tls.Conn); ok {
		_ = secure.NetConn().Close() // without an alert, which would wait for a reader
	}
	return true
}

func (r *rotation) expectInUse(want *tls.Config) {
	r.t.Helper()
	synctest.Wait()
	if got := r.InUse(); !got.Equal(newTerms(want).ends) {
		r.t.Errorf("in use: got one that ends %v, want %v", got, newTerms(want).ends)
	}
}

const year = 365 * 24 * time.Hour

func TestAReplacedCertificateLeavesEveryConnectionWithinTheSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := pair(t, year)
		rotate(t, first, func(r *rotation) {
			var old []*client
			for range 10 {
				old = append(old, r.dial())
				time.Sleep(time.Second)
			}
			before := first
			for i := range 3 { // the second and the third rotation, too
				next := pair(t, year+time.Duration(i+1)*time.Hour)
				r.Renew(next)
				time.Sleep(5*time.Second + time.Millisecond)
				if !r.isLast(old[0]) || r.isLast(old[9]) {
					t.Error("half-way through the spread, want the first told and the last not")
				}
				r.expectInUse(before)
				old[0] = r.dial()
				time.Sleep(5 * time.Second)
				for j := 1; j < 10; j++ {
					if !r.isLast(old[j]) {
						t.Errorf("rotation %d: connection %d is kept", i, j)
					}
					old[j] = r.dial()
					time.Sleep(time.Millisecond) // the oldest leaves first
				}
				r.expectInUse(next)
				if r.isLast(old[0]) {
					t.Error("a connection made under the new terms is to be left")
				}
				before = next
			}
		})
	})
}

func TestWhoeverTookAConnectionOverIsToldAndATunnelLivesUntilTheCertificateEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rotate(t, pair(t, 24*time.Hour), func(r *rotation) {
			c := r.dial()
			c.send("GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\n" + ok)
			leaving := <-r.tunnels
			time.Sleep(time.Hour)
			if leaving.Err() != nil {
				t.Error("told to leave before there is a reason")
			}
			r.Renew(pair(t, year))
			synctest.Wait()
			if leaving.Err() == nil {
				t.Error("not told to leave")
			}
			c.closes(23 * time.Hour)
		})
	})
}

func TestACertificateThatIsNotReplacedIsLeftBeforeItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		only := pair(t, 24*time.Hour)
		rotate(t, only, func(r *rotation) {
			c := r.dial()
			time.Sleep(24*time.Hour - 11*time.Second)
			if r.isLast(c) {
				t.Error("told earlier than it takes")
			}
			time.Sleep(2 * time.Second)
			if !r.isLast(c) {
				t.Error("not told before the end")
			}
			c = r.dial()
			time.Sleep(8 * time.Second)
			if r.isLast(c) {
				t.Error("told to come back again and again")
			}
			time.Sleep(2 * time.Second)
			if !r.isLast(c) {
				t.Error("made with a certificate that has ended, and not told")
			}
			c = r.dial() // by somebody who does not mind
			time.Sleep(time.Hour)
			if r.isLast(c) {
				t.Error("sent away although that changes nothing")
			}
		})
	})
}

func TestAClientWhoseCertificateEndsIsToldToLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pair(t, year)
		c.ClientAuth = tls.RequireAnyClientCert
		rotate(t, c, func(r *rotation) {
			raw := r.l.dial(t)
			own := pair(t, time.Hour)
			own.InsecureSkipVerify = true
			secure := tls.Client(raw.Conn, own)
			if err := secure.Handshake(); err != nil {
				t.Fatal(err)
			}
			client := &client{secure, t, bufio.NewReader(secure)}
			if r.isLast(client) {
				t.Error("told at once")
			}
			time.Sleep(time.Hour + time.Minute)
			if !r.isLast(client) {
				t.Error("still welcome without a certificate")
			}
		})
	})
}

func TestCleartextIsNeverLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rotate(t, nil, func(r *rotation) {
			c := r.l.dial(t)
			r.isLast(c)
			r.Renew(pair(t, year))
			time.Sleep(time.Hour)
			if r.isLast(c) {
				t.Error("sent away")
			}
			if got := r.InUse(); !got.IsZero() {
				t.Errorf("in use: %v", got)
			}
			r.dial() // from now on there is TLS
		})
	})
}
