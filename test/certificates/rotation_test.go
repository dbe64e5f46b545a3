package certificates

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const day = 24 * time.Hour

// A stage is the program between an upstream and clients, all of whom speak TLS.
type stage struct {
	*pollard
	authority        *authority
	upstream         *upstream
	server, outgoing *secret // what the program shows to clients, and to the upstream
}

func newStage(t *testing.T, server, outgoing pair, a *authority) *stage {
	s := &stage{authority: a, upstream: newUpstream(t, a), server: newSecret(t, server), outgoing: newSecret(t, outgoing)}
	s.outgoing.write("ca.crt", a.pem())
	s.pollard = serve(t, fmt.Sprintf(`
listen: 127.0.0.1:0
admin: 127.0.0.1:0
upstream: %s
secret: 0123456789abcdef
log: {polls: false}
limits: {watchers_per_identity: 0, header_timeout: 60s}
drain: {spread: %v, reconnects: 1000, grace: %v}
tls: {certificate: %s, key: %s}
upstream_tls: {ca: %s, certificate: %s, key: %s}
routes:
  - {name: doc, path: /doc, stage: push, interval: 500ms, min_interval: 500ms, holdout: 0}
`, s.upstream.URL, *window, 2**window+time.Second, s.server.path("tls.crt"), s.server.path("tls.key"),
		s.outgoing.path("ca.crt"), s.outgoing.path("tls.crt"), s.outgoing.path("tls.key")))
	return s
}

func (s *stage) crowd() *crowd {
	return &crowd{url: s.front + "/doc", tls: &tls.Config{RootCAs: s.authority.pool()}, serials: map[int]string{}}
}

func TestCertificatesAreRotatedThreeTimesAndNobodyNotices(t *testing.T) {
	a := newAuthority(t)
	s := newStage(t, a.issue(40*day), a.issue(50*day), a)
	ctx, cancel := context.WithCancel(t.Context())
	c := s.crowd()
	t.Cleanup(func() {
		cancel()
		c.work.Wait()
		if len(c.failures) > 0 {
			t.Errorf("somebody noticed: %v", errors.Join(c.failures...))
		}
	})
	for i := range *sockets {
		time.Sleep(*window / time.Duration(*sockets)) // they come one by one, as they do when they are told to leave
		c.work.Go(func() { c.watch(ctx, i) })
		if i < 100 {
			c.work.Go(func() { c.poll(ctx, i) })
		}
	}
	first := s.authority.issued - 2 // the server's; then came the one to the upstream, and the upstream's own
	s.eventually("all watch", func() error { return want(c.shown(fmt.Sprint(first)), *sockets) })
	for i := range 3 {
		server, outgoing := a.issue(time.Duration(60+10*i)*day), a.issue(time.Duration(61+10*i)*day)
		s.outgoing.swap(outgoing)
		s.server.swap(server)
		took := s.eventually("the old certificate is gone from every connection", func() error {
			return errors.Join(
				wantTime(s.notAfter("in_use"), server.NotAfter), wantTime(s.notAfter("upstream_in_use"), outgoing.NotAfter),
				wantTime(s.notAfter("server"), server.NotAfter), wantTime(s.notAfter("upstream_client"), outgoing.NotAfter))
		})
		s.eventually("all watch again", func() error { return want(c.shown(server.SerialNumber.String()), *sockets) })
		s.upstream.seen() // the old one, until then
		s.upstream.state.Add(1)
		s.eventually("upstream is asked", func() error {
			seen := s.upstream.seen()
			if len(seen) == 1 && seen[outgoing.SerialNumber.String()] {
				return nil
			}
			return fmt.Errorf("upstream has seen the certificates %v, want %v alone", seen, outgoing.SerialNumber)
		})
		t.Logf("rotation %d: the old certificates were gone after %v", i+1, took.Round(time.Millisecond))
	}
	cancel()
	c.work.Wait()
	t.Logf("%d polls, %d sockets opened by %d clients", c.polls, c.sockets, *sockets)
	if want := 4 * *sockets; c.sockets != want {
		t.Errorf("%d sockets were opened, want %d: one for each client and certificate", c.sockets, want)
	}
}

func TestAHalfWrittenPairLeavesTheOldOneInForce(t *testing.T) {
	a := newAuthority(t)
	old := a.issue(40 * day)
	s := newStage(t, old, a.issue(50*day), a)
	const failures = "pollard_config_reload_failures_total"
	s.server.write(s.server.version+"/tls.key", []byte("half a key"))
	s.eventually("it says so", func() error { return want(s.metric(failures), 1) })
	if !strings.Contains(s.program.Log.String(), "the old one stays in force") || !strings.Contains(s.program.Log.String(), "tls.key") {
		t.Error("the log does not name the key")
	}
	conn, err := tls.Dial("tcp", s.front, s.crowd().tls)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := conn.ConnectionState().PeerCertificates[0]; got.SerialNumber.Cmp(old.SerialNumber) != 0 {
		t.Errorf("got certificate %v, want %v", got.SerialNumber, old.SerialNumber)
	}
	server := a.issue(60 * day)
	s.server.swap(server)
	s.eventually("the whole pair is in force", func() error { return wantTime(s.notAfter("server"), server.NotAfter) })
}

func want[T comparable](got, want T) error {
	if got != want {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return nil
}

func wantTime(got, want time.Time) error {
	if !got.Equal(want) {
		return fmt.Errorf("got one that ends %v, want %v", got, want)
	}
	return nil
}
