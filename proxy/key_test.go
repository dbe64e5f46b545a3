package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
)

// newKeyRig is a handler that only makes keys, for one route in force under
// each sharing rule.
func newKeyRig(t testing.TB, with ...func(*RouteOptions)) map[coalescer.Share]*Handler {
	t.Helper()
	rigs := map[coalescer.Share]*Handler{}
	for _, share := range []coalescer.Share{coalescer.Nothing, coalescer.Changes, coalescer.Everything} {
		h := New(Options{
			Ledger: ledger.New(prometheus.NewRegistry()), Secret: []byte("of the test"), Trusted: believed(),
			Target: func(r *http.Request) string { return r.RequestURI },
		})
		if err := h.Swap([]RouteOptions{polled("/**", append(with, sharing(share))...)}, nil); err != nil {
			t.Fatal(err)
		}
		rigs[share] = h
	}
	return rigs
}

// keyOf returns the key of a request, and why it would not be coalesced.
func keyOf(h *Handler, r *http.Request) (coalescer.Key, string) {
	x := h.receive(nil, r)
	return h.keys.key(x.route, x), x.bypass
}

// from moves a request behind the trusted balancer.
func from(peer string, r *http.Request) *http.Request {
	r.RemoteAddr = peer
	return r
}

// What two requests that differ have in common.
type common string

const (
	all      common = "the document: they are identical"
	resource common = "the resource: it is asked for by two identities"
	none     common = "nothing"
)

func commonTo(a, b coalescer.Key) common {
	switch {
	case a == b:
		return all
	case a.Target == b.Target:
		return resource
	}
	return none
}

// wantCommon checks under each sharing rule what two requests have in common.
// Under everything it does not matter who asks.
func wantCommon(t *testing.T, rigs map[coalescer.Share]*Handler, a, b *http.Request, want common) {
	t.Helper()
	for share, h := range rigs {
		want := want
		if share == coalescer.Everything && want == resource {
			want = all
		}
		ka, why := keyOf(h, a)
		kb, whyToo := keyOf(h, b)
		if why != "" || whyToo != "" {
			t.Errorf("share %v: not coalesced: %q, %q", share, why, whyToo)
		}
		if got := commonTo(ka, kb); got != want {
			t.Errorf("share %v: they share %v, want %v", share, got, want)
		}
	}
}

func TestEveryCredentialMakesAnIdentity(t *testing.T) {
	rigs := newKeyRig(t, func(o *RouteOptions) { o.Identity = []string{"X-Tenant-Token"} })
	for _, name := range []string{
		"Authorization", "Cookie", "PRIVATE-TOKEN", "JOB-TOKEN", "DEPLOY-TOKEN", "X-Tenant-Token",
		"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username",
		"X-Forwarded-Access-Token", "X-Forwarded-Client-Cert", "X-Forwarded-Something-New",
	} {
		t.Run(name, func(t *testing.T) {
			behind := func(lines ...string) *http.Request { return from(balancer, request("/d", lines...)) }
			alice, bob := behind(name+": alice"), behind(name+": bob")
			wantCommon(t, rigs, alice, behind(name+": alice"), all)
			wantCommon(t, rigs, alice, bob, resource)
			wantCommon(t, rigs, alice, behind(), resource)
			wantCommon(t, rigs, alice, behind(name+": alice", name+": bob"), resource)
			wantCommon(t, rigs, behind(name+":"), behind(), resource)
		})
	}
}

func TestTwoCredentialsAreNotTheirConcatenation(t *testing.T) {
	rigs := newKeyRig(t)
	for _, pair := range [][2]*http.Request{
		{request("/d", "Cookie: a", "Cookie: b"), request("/d", "Cookie: ab")},
		{request("/d", "Cookie: a", "Cookie: b"), request("/d", "Cookie: b", "Cookie: a")},
		{request("/d", "Cookie: a", "Cookie:"), request("/d", "Cookie: a")},
		{request("/d", "Authorization: x", "Cookie: y"), request("/d", "Authorization: y", "Cookie: x")},
		{request("/d", "Job-Token: x"), request("/d", "Deploy-Token: x")},
		{request("/d", "Authorization: x\x06Cookie\x01\x01y"), request("/d", "Authorization: x", "Cookie: y")},
	} {
		wantCommon(t, rigs, pair[0], pair[1], resource)
	}
}

func TestClientCertificateIsACredential(t *testing.T) {
	rigs := newKeyRig(t)
	with := func(raw string) *http.Request {
		r := request("/d")
		r.TLS = &tls.ConnectionState{}
		if raw != "" {
			r.TLS.PeerCertificates = []*x509.Certificate{{Raw: []byte(raw)}}
		}
		return r
	}
	wantCommon(t, rigs, with("alice"), with("alice"), all)
	wantCommon(t, rigs, with("alice"), with("bob"), resource)
	wantCommon(t, rigs, with("alice"), with(""), resource)
	wantCommon(t, rigs, with(""), request("/d"), none) // https and http
}

func TestWhatSelectsTheRepresentationIsInTheKey(t *testing.T) {
	rigs := newKeyRig(t, func(o *RouteOptions) { o.Variant = []string{"X-Theme"} })
	base := request("/d?a=1")
	for name, other := range map[string]*http.Request{
		"method":            request("HEAD /d?a=1"),
		"path":              request("/D?a=1"),
		"encoded path":      request("/%64?a=1"),
		"trailing slash":    request("/d/?a=1"),
		"query":             request("/d?a=2"),
		"encoded query":     request("/d?%61=1"),
		"no query":          request("/d"),
		"empty query":       request("/d?"),
		"order of query":    request("/d?a=1&b=2"),
		"semicolon":         request("/d?a=1;b=2"),
		"bad escape":        request("/d?a=%zz"),
		"accept":            request("/d?a=1", "Accept: text/html"),
		"empty accept":      request("/d?a=1", "Accept:"),
		"accept twice":      request("/d?a=1", "Accept: a", "Accept: b"),
		"language":          request("/d?a=1", "Accept-Language: de"),
		"encoding":          request("/d?a=1", "Accept-Encoding: gzip"),
		"xhr":               request("/d?a=1", "X-Requested-With: XMLHttpRequest"),
		"declared":          request("/d?a=1", "X-Theme: dark"),
		"foreign origin":    request("/d?a=1", "Origin: https://evil.test"),
		"origin, scheme":    request("/d?a=1", "Origin: https://app.test"),
		"origin twice":      request("/d?a=1", "Origin: http://app.test", "Origin: http://app.test"),
		"null origin":       request("/d?a=1", "Origin: null"),
		"cross-site":        request("/d?a=1", "Sec-Fetch-Site: cross-site"),
		"same-site":         request("/d?a=1", "Sec-Fetch-Site: same-site"),
		"site twice":        request("/d?a=1", "Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site"),
		"Cloudflare scheme": request("/d?a=1", `Cf-Visitor: {"scheme":"http"}`),
		"ingress scheme":    request("/d?a=1", "X-Scheme: https"),
		"prefix":            from(balancer, request("/d?a=1", "X-Forwarded-Prefix: /app")),
		"port":              from(balancer, request("/d?a=1", "X-Forwarded-Port: 8443")),
	} {
		t.Run(name, func(t *testing.T) {
			wantCommon(t, rigs, base, other, none)
		})
	}
}

func TestHostIsInTheKeyByteForByte(t *testing.T) {
	rigs := newKeyRig(t)
	for _, host := range []string{"APP.test", "app.test:80", "app.test.", "other.test", ""} {
		r := request("/d")
		r.Host = host
		wantCommon(t, rigs, request("/d"), r, none)
	}
}

func TestWhatIsHarmlessIsNotInTheKey(t *testing.T) {
	rigs := newKeyRig(t)
	base := request("/d")
	known, _, _ := Fields()
	for _, name := range known {
		switch name {
		case "Cache-Control", "Pragma", "Connection", "If-None-Match", "Content-Length":
			continue // judged by what they say
		}
		wantCommon(t, rigs, base, request("/d", name+": 1"), all)
	}
	for _, line := range []string{
		"Origin: http://app.test", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: none", "Sec-Ch-Ua: x", "Sec-Gpc: 1",
		"Cache-Control: max-age=0", `If-None-Match: "x"`, "If-None-Match: *", "Connection: keep-alive, TE",
	} {
		t.Run(line, func(t *testing.T) { wantCommon(t, rigs, base, request("/d", line), all) })
	}
}

// TestStrangersCannotSpeakForABalancer: what upstream never sees of a stranger
// must neither open the document of her whom it names, nor spoil one that is
// made for those behind a balancer who says the same, nor make one of its own.
func TestStrangersCannotSpeakForABalancer(t *testing.T) {
	rigs := newKeyRig(t, func(o *RouteOptions) { o.Identity = []string{"X-Forwarded-Id"} })
	for line, behind := range map[string]common{
		"X-Forwarded-User: alice":      resource,
		"X-Forwarded-Access-Token: a":  resource,
		"X-Forwarded-Client-Cert: a":   resource,
		"X-Forwarded-Id: alice":        resource,
		"X-Forwarded-Host: evil.test":  none,
		"X-Forwarded-Proto: https":     none,
		"X-Forwarded-Prefix: /evil":    none,
		"Forwarded: host=evil.test":    none,
		"X-Forwarded-For: 192.0.2.254": all,
	} {
		t.Run(line, func(t *testing.T) {
			wantCommon(t, rigs, request("/d", line), request("/d"), all)
			wantCommon(t, rigs, from(balancer, request("/d", line)), from(balancer, request("/d")), behind)
			wantCommon(t, rigs, from(balancer, request("/d", line)), request("/d", line), behind)
		})
	}
	forwarded := func(value string) *http.Request { return from(balancer, request("/d", "Forwarded: "+value)) }
	wantCommon(t, rigs, forwarded("for=192.0.2.1;by=10.0.0.1"), forwarded("for=192.0.2.7"), all)
	wantCommon(t, rigs, forwarded("for=192.0.2.1;host=app.test"), forwarded("for=192.0.2.1;host=evil.test"), none)
	wantCommon(t, rigs, forwarded("for=192.0.2.1;proto=https"), forwarded("for=192.0.2.1"), none)
	wantCommon(t, rigs, forwarded(`for="x;host=evil.test"`), forwarded("for=192.0.2.1"), none)
}

func TestIgnoredQueryIsNoPartOfTheKey(t *testing.T) {
	rigs := newKeyRig(t, func(o *RouteOptions) { o.IgnoreQuery = []string{"_", "t"} })
	tests := []struct {
		a, b string
		want common
	}{
		{"/d?_=1", "/d?_=2", all},
		{"/d?_=1", "/d", all},
		{"/d?a=1&_=1", "/d?a=1", all},
		{"/d?a=1&_=1&b=2", "/d?a=1&b=2&t", all},
		{"/d?_=1&a=1", "/d?_=2&a=1", all},
		{"/d?__=1", "/d", none},
		{"/d?_x=1", "/d?_y=1", none},
		{"/d?%5F=1", "/d?%5F=2", none}, // spelt otherwise
		{"/d?a=1;_=1", "/d?a=1;_=2", none},
		{"/d?a=_=1", "/d?a=_=2", none},
	}
	for _, test := range tests {
		t.Run(test.a+" "+test.b, func(t *testing.T) { wantCommon(t, rigs, request(test.a), request(test.b), test.want) })
	}
}

// TestWhatUpstreamVariesOnEntersTheKey: also where it is who asks, on a route
// that shares everything.
func TestWhatUpstreamVariesOnEntersTheKey(t *testing.T) {
	for share, h := range newKeyRig(t) {
		rt := h.tables.Load().routes[0]
		for _, name := range []string{"Cookie", "X-Unheard-Of", "User-Agent"} {
			if rt.keyed(name) {
				continue // always was: Cookie, but under share: everything
			}
			x := h.receive(nil, request("/d", name+": alice"))
			x.vary = []string{name}
			y := h.receive(nil, request("/d", name+": bob"))
			y.vary = x.vary
			if a, b := h.keys.key(rt, x), h.keys.key(rt, y); a == b {
				t.Errorf("share %v: %s differs and the keys are equal", share, name)
			}
		}
	}
}

func TestRoutesAndRulesHaveTheirOwnDocuments(t *testing.T) {
	key := func(with ...func(*RouteOptions)) coalescer.Key {
		k, _ := keyOf(newKeyRig(t, with...)[coalescer.Nothing], request("/d"))
		return k
	}
	usual := key()
	if key() != usual {
		t.Error("the same route makes another key: a reload would drop the documents")
	}
	if key(func(o *RouteOptions) { o.Policy.Interval *= 2; o.Policy.Audit *= 2; o.Rollout.Percent /= 2 }) != usual {
		t.Error("another pace makes another key: a reload would drop the documents")
	}
	for name, change := range map[string]func(*RouteOptions){
		"name":           func(o *RouteOptions) { o.Name = "other_route" },
		"identity":       func(o *RouteOptions) { o.Identity = []string{"X-Tenant"} },
		"variant":        func(o *RouteOptions) { o.Variant = []string{"X-Theme"} },
		"ignore":         func(o *RouteOptions) { o.Ignore = []string{"X-Page"} },
		"ignore_cookies": func(o *RouteOptions) { o.IgnoreCookies = []string{"_ga*"} },
		"ignore_query":   func(o *RouteOptions) { o.IgnoreQuery = []string{"_"} },
	} {
		if key(change) == usual {
			t.Errorf("another %s leaves the key: what careless rules mixed up would outlive them", name)
		}
	}
}

func TestKeysTellNothingWithoutTheSecret(t *testing.T) {
	h := newKeyRig(t)[coalescer.Nothing]
	r := request("/d", "Cookie: alice")
	before, _ := keyOf(h, r)
	h.keys = newKeyer([]byte("another"))
	if after, _ := keyOf(h, r); after.Target == before.Target || after.Identity == before.Identity {
		t.Error("keys do not depend on the secret")
	}
}
