package forward

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

func TestForwardedFields(t *testing.T) {
	f := New(Options{Terms: Terms{Upstream: Upstream{upstream(t, func(*talker) {})}}, Trusted: proxies})
	t.Cleanup(f.Close)
	for name, c := range map[string]struct {
		peer string
		tls  bool
		in   http.Header
		want http.Header
	}{
		"a stranger who says nothing": {"192.0.2.1:99", false, nil,
			http.Header{"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"h"}}},
		"a stranger over TLS and IPv6": {"[2001:db8::1]:99", true, nil,
			http.Header{"X-Forwarded-For": {"2001:db8::1"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"h"}}},
		"a stranger who forges": {"192.0.2.1:99", false,
			http.Header{"X-Forwarded-For": {"10.0.0.1", "10.0.0.2"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil"},
				"X-Forwarded-Port": {"443"}, "Forwarded": {"for=10.0.0.1"}, "X-Real-Ip": {"kept"}},
			http.Header{"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"h"}, "X-Real-Ip": {"kept"}}},
		"a trusted proxy": {"10.1.1.1:99", false,
			http.Header{"X-Forwarded-For": {"192.0.2.1, 10.0.0.1", "10.0.0.2"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"real"},
				"X-Forwarded-Port": {"443"}, "Forwarded": {"for=192.0.2.1"}},
			http.Header{"X-Forwarded-For": {"192.0.2.1, 10.0.0.1, 10.0.0.2, 10.1.1.1"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"real"},
				"X-Forwarded-Port": {"443"}, "Forwarded": {"for=192.0.2.1"}}},
		"a trusted proxy that says nothing": {"[fd00::1%eth0]:99", false, nil,
			http.Header{"X-Forwarded-For": {"fd00::1"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"h"}}},
		"IPv4 in IPv6": {"[::ffff:10.1.1.1]:99", false, http.Header{"X-Forwarded-For": {"192.0.2.1"}},
			http.Header{"X-Forwarded-For": {"192.0.2.1, 10.1.1.1"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"h"}}},
		"no address": {"@", false, http.Header{"X-Forwarded-For": {"10.0.0.1"}},
			http.Header{"X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"h"}}},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Host, r.Header = c.peer, "h", c.in
		if c.tls {
			r.TLS = new(tls.ConnectionState)
		}
		got := f.Outgoing(t.Context(), r, "/").Header
		if render(got) != render(c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func render(h http.Header) string {
	var b strings.Builder
	h.Write(&b)
	return b.String()
}

func TestClientAddrIsTheRightmostThatIsNotTrusted(t *testing.T) {
	for _, c := range []struct {
		peer, chain, want string
	}{
		{"192.0.2.1:99", "", "192.0.2.1"},
		{"192.0.2.1:99", "198.51.100.1", "192.0.2.1"},
		{"10.0.0.1:99", "", "10.0.0.1"},
		{"10.0.0.1:99", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:99", "203.0.113.9, 198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:99", "203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"10.0.0.1:99", "203.0.113.9|198.51.100.1|10.0.0.2", "198.51.100.1"},
		{"10.0.0.1:99", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{"10.0.0.1:99", "198.51.100.1:4711", "198.51.100.1"},
		{"[fd00::1]:99", "2001:db8::1, [fd00::2], [fd00::3]:80", "2001:db8::1"},
		{"[fd00::1%eth0]:99", "fe80::1%eth0", "fe80::1"},
		{"[::ffff:10.0.0.1]:99", "::ffff:198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:99", "198.51.100.1, unknown", "10.0.0.1"},
		{"10.0.0.1:99", "198.51.100.1, , 10.0.0.2", "10.0.0.2"},
		{"10.0.0.1:99", "1.2.3.4.5", "10.0.0.1"},
		{"@", "198.51.100.1", "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.chain != "" {
			r.Header["X-Forwarded-For"] = strings.Split(c.chain, "|")
		}
		if got := ClientAddr(r, proxies).String(); got != c.want {
			t.Errorf("peer %s, chain %q: got %s, want %s", c.peer, c.chain, got, c.want)
		}
	}
}

// What a stranger says must not move its address; what anybody says must not panic.
func FuzzClientAddr(f *testing.F) {
	f.Add("198.51.100.1, 10.0.0.2")
	f.Add("[::1]:80,,::")
	f.Add("[, ]")
	f.Fuzz(func(t *testing.T, chain string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["X-Forwarded-For"] = []string{chain}
		r.RemoteAddr = "192.0.2.1:99"
		if got, want := ClientAddr(r, proxies), netip.MustParseAddr("192.0.2.1"); got != want {
			t.Errorf("stranger: got %v, want %v", got, want)
		}
		r.RemoteAddr = "10.0.0.1:99"
		if got := ClientAddr(r, proxies); !got.IsValid() || got.Zone() != "" {
			t.Errorf("trusted peer: got %v", got)
		}
	})
}
