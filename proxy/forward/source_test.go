package forward

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/test/nameserver"
)

// quick is how often names are looked up in tests.
const quick = 5 * time.Millisecond

// eventually waits for what another goroutine brings about.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in 20 s", what)
		}
	}
}

// addresses returns where f's endpoints are, sorted.
func addresses(f *Forwarder) string {
	var all []string
	for _, e := range f.Endpoints() {
		all = append(all, e.Address)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func parse(t *testing.T, all ...string) (u Upstream) {
	t.Helper()
	for _, text := range all {
		at, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		u = append(u, at)
	}
	return u
}

// by returns a Forwarder to u that asks names.
func by(t *testing.T, names *nameserver.Server, u Upstream) *Forwarder {
	t.Helper()
	f := New(Options{Terms: Terms{Upstream: u, Endpoints: EndpointOptions{Resolve: quick, Resolver: names.Address}}, IdleTimeout: time.Hour})
	t.Cleanup(f.Close)
	return f
}

func TestNamesStandForTheAddressesBehindThem(t *testing.T) {
	names := nameserver.Start(t)
	names.Host("web.test", "127.0.0.1", "127.0.0.2", "::1")
	names.Host("spare.test", "127.0.0.3")
	names.Serve("_web._tcp.test",
		nameserver.Service{Target: "web.test", Port: 81}, nameserver.Service{Target: "gone.test", Port: 82},
		nameserver.Service{Target: "spare.test", Port: 83, Priority: 7})
	for text, want := range map[string]string{
		"http://10.0.0.1:3000":                           "10.0.0.1:3000",
		"http://web.test":                                "web.test:80",
		"https://web.test":                               "web.test:443",
		"unix:/run/web.sock":                             "/run/web.sock",
		"dns+http://web.test:3000":                       "127.0.0.1:3000 127.0.0.2:3000 [::1]:3000",
		"dns+https://spare.test":                         "127.0.0.3:443",
		"srv+http://_web._tcp.test":                      "127.0.0.1:81 127.0.0.2:81 127.0.0.3:83 [::1]:81",
		"dns+http://spare.test http://127.0.0.3:80":      "127.0.0.3:80 127.0.0.3:80",
		"dns+http://spare.test:1 dns+http://gone.test:1": "127.0.0.3:1",
	} {
		f := by(t, names, parse(t, strings.Fields(text)...))
		if _, err := f.terms.Load().fleet.endpoints(t.Context()); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		eventually(t, text, func() bool { return addresses(f) == want })
		f.Close()
	}
}

func TestTheFirstRequestWaitsForTheFirstLookUp(t *testing.T) {
	names := nameserver.Start(t)
	to := upstream(t, func(k *talker) { k.head(); k.say(ok) })
	names.Host("web.test", "127.0.0.1")
	f := by(t, names, parse(t, "dns+http://web.test:"+to.Port()))
	if status, _, err := send(t, f, "GET", ""); status != 200 {
		t.Errorf("got %d (%v)", status, err)
	}
	f = by(t, names, parse(t, "dns+http://nobody.test:1"))
	if _, _, err := send(t, f, "GET", ""); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "nobody.test") {
		t.Errorf("got %v, want %v that says which name", err, ErrUnreachable)
	}
}

func TestAFailedLookUpLeavesWhatTheLastOneFound(t *testing.T) {
	names := nameserver.Start(t)
	names.Host("web.test", "127.0.0.1")
	f := by(t, names, parse(t, "dns+http://web.test:80"))
	eventually(t, "found", func() bool { return addresses(f) == "127.0.0.1:80" })
	fleet := f.terms.Load().fleet
	hasFailed := func() bool { fleet.mu.Lock(); defer fleet.mu.Unlock(); return fleet.failed[0] != nil }
	for name, failing := range map[string]func(){
		"the server is broken": func() { names.Break(true) },
		"the name is empty":    func() { names.Host("web.test") },
	} {
		failing()
		eventually(t, name, hasFailed)
		if got := addresses(f); got != "127.0.0.1:80" {
			t.Errorf("%s: got %q", name, got)
		}
		names.Break(false)
		names.Host("web.test", "127.0.0.1")
		eventually(t, "mended", func() bool { return !hasFailed() })
	}
	names.Host("web.test", "127.0.0.2")
	eventually(t, "moved", func() bool { return addresses(f) == "127.0.0.2:80" })
}

func TestRenewedTermsKnowWhatNamesStoodFor(t *testing.T) {
	names := nameserver.Start(t)
	names.Host("web.test", "127.0.0.1")
	u := parse(t, "dns+http://web.test:80")
	f := by(t, names, u)
	eventually(t, "found", func() bool { return addresses(f) == "127.0.0.1:80" })
	names.Break(true)
	f.Renew(Terms{Upstream: u, Endpoints: EndpointOptions{Resolver: names.Address}})
	if got := addresses(f); got != "127.0.0.1:80" {
		t.Errorf("got %q", got)
	}
}

func TestConnectionsToAnEndpointThatHasGoneAreNotUsedAgain(t *testing.T) {
	names := nameserver.Start(t)
	ended := make(chan string, 4)
	to := upstream(t, func(k *talker) {
		which := ""
		for {
			h := k.head()
			if h == "" {
				ended <- which
				return
			}
			which = strings.Fields(h)[1]
			k.say(ok)
		}
	})
	names.Host("web.test", "127.0.0.1")
	f := by(t, names, parse(t, "dns+http://web.test:"+to.Port()))
	begin := func(target string) *http.Response {
		resp, err := f.RoundTrip(f.Outgoing(t.Context(), httptest.NewRequest("GET", target, nil), target))
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	busy, idle := begin("/busy"), begin("/idle")
	io.Copy(io.Discard, idle.Body)
	idle.Body.Close()
	names.Host("web.test", "127.0.0.9")
	if got := <-ended; got != "/idle" {
		t.Errorf("got the connection of %s closed, want the idle one", got)
	}
	if body, err := io.ReadAll(busy.Body); string(body) != "ok" || err != nil {
		t.Errorf("got %q (%v) of the one in use", body, err)
	}
	busy.Body.Close()
	if got := <-ended; got != "/busy" {
		t.Errorf("got the connection of %s closed", got)
	}
}

func TestASocketIsAnUpstream(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	heads := make(chan string, 2)
	converse(t, l, func(k *talker) {
		for {
			h := k.head()
			if h == "" {
				return
			}
			heads <- h
			k.say(ok)
		}
	})
	f := New(Options{Terms: Terms{Upstream: Upstream{{Scheme: "unix", Path: path}}}})
	defer f.Close()
	for range 2 {
		if status, _, err := send(t, f, "GET", ""); status != 200 {
			t.Fatal(err)
		}
		if h := <-heads; !strings.Contains(h, "Host: example.com\r\n") {
			t.Errorf("got %q, want the client's Host", h)
		}
	}
}

func TestTheConfiguredNameIsVerifiedWhateverItsAddress(t *testing.T) {
	names := nameserver.Start(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = discarded
	s.StartTLS() // with a certificate for example.com
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.ParseUint(at.Port(), 10, 16)
	names.Host("example.com", "127.0.0.1")
	names.Host("impostor.test", "127.0.0.1")
	for _, name := range []string{"example.com", "impostor.test"} {
		names.Serve("_web._tcp."+name, nameserver.Service{Target: "impostor.test", Port: uint16(port)})
		for _, to := range []string{"dns+https://" + name + ":" + at.Port(), "srv+https://_web._tcp." + name} {
			f := New(Options{Terms: Terms{
				Upstream: parse(t, to), TLS: &tls.Config{RootCAs: roots}, Endpoints: EndpointOptions{Resolver: names.Address},
			}})
			_, _, err := send(t, f, "GET", "")
			if isRight := name == "example.com"; (err == nil) != isRight {
				t.Errorf("%s: got %v", to, err)
			}
			f.Close()
		}
	}
}

func TestConnectionsAreLeftWhenTheyAreOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool{most: 1, longest: time.Hour, oldest: 10 * time.Minute}
		ours, theirs := net.Pipe()
		defer theirs.Close()
		l := newLink(ours, nil)
		l.born = p.birth()
		if got := time.Since(l.born); got < 0 || got >= time.Minute {
			t.Errorf("born %v ago, want less than a tenth of its life", got)
		}
		time.Sleep(9*time.Minute - time.Since(l.born))
		p.put(l)
		if kept, _ := p.get(); kept != l {
			t.Error("got none before its time")
		}
		p.put(l)
		time.Sleep(time.Minute)
		if kept, _ := p.get(); kept != nil {
			t.Error("got one that is too old")
		}
	})
}
