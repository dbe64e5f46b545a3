package proxy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/pollard-proxy/pollard/coalescer"
)

// This file is the security boundary: two requests with equal keys may be
// given each other's answers. Everything that can say who asks goes into the
// identity, everything that can select the representation into the target;
// what is neither known nor declared never gets here (eligible.go). Each part
// is written with its length, so that no two requests run into the same bytes.

// keyer makes keys: keyed hashes, so that neither a log nor a memory dump tells
// a credential, and nobody outside can aim for a collision.
type keyer struct{ pool sync.Pool }

func newKeyer(secret []byte) *keyer {
	return &keyer{sync.Pool{New: func() any {
		return &keyHash{mac: hmac.New(sha256.New, secret)}
	}}}
}

// keyHash is one keyed hash in the making.
type keyHash struct {
	mac hash.Hash
	buf [sha256.Size]byte
}

func (k *keyer) hash(write func(*keyHash)) (sum [16]byte) {
	h := k.pool.Get().(*keyHash)
	defer k.pool.Put(h)
	h.mac.Reset()
	write(h)
	return [16]byte(h.mac.Sum(h.buf[:0]))
}

// text writes a string with its length.
func (h *keyHash) text(s string) {
	n := binary.PutUvarint(h.buf[:], uint64(len(s)))
	h.mac.Write(h.buf[:n])
	for len(s) > 0 {
		n := copy(h.buf[:], s)
		h.mac.Write(h.buf[:n])
		s = s[n:]
	}
}

// field writes a name, how often it occurs and its values in order. An absent
// field writes nothing; since names are written in a fixed order no two sets of
// fields look alike.
func (h *keyHash) field(name string, values []string) {
	if len(values) == 0 {
		return
	}
	h.text(name)
	h.mac.Write(binary.AppendUvarint(h.buf[:0], uint64(len(values))))
	for _, v := range values {
		h.text(v)
	}
}

// key returns the key of a request on a route.
func (k *keyer) key(rt *Route, x *exchange) coalescer.Key {
	key := coalescer.Key{Target: k.target(rt, x)}
	if rt.Policy.Share != coalescer.Everything {
		key.Identity = x.identity
	}
	return key
}

// target hashes what is asked for: method, scheme, host, raw path and query,
// and the variant.
func (k *keyer) target(rt *Route, x *exchange) [16]byte {
	r := x.in
	return k.hash(func(h *keyHash) {
		h.place(rt, x)
		for _, name := range rt.variant {
			h.field(name, x.arriving(name))
		}
		for _, name := range x.vary {
			h.field(name, x.arriving(name))
		}
		h.field("Origin", foreignOrigin(r, scheme(r)))
		h.field("Forwarded", forwardedHost(x.arriving("Forwarded")))
		if crossSite(r.Header) {
			h.field("Sec-Fetch-Site", r.Header["Sec-Fetch-Site"])
			h.field("Sec-Fetch-Mode", r.Header["Sec-Fetch-Mode"])
			h.field("Sec-Fetch-Dest", r.Header["Sec-Fetch-Dest"])
		}
	})
}

// place hashes what is asked for, whoever asks and in whatever form.
func (k *keyer) place(rt *Route, x *exchange) [16]byte {
	return k.hash(func(h *keyHash) {
		h.text("place")
		h.place(rt, x)
		h.field("X-Forwarded-Host", x.arriving("X-Forwarded-Host"))
	})
}

func (h *keyHash) place(rt *Route, x *exchange) {
	h.text(rt.rules)
	h.text(x.in.Method)
	h.text(scheme(x.in))
	h.text(x.in.Host)
	h.text(x.path)
	h.text(rt.query(x.query))
}

// arriving returns the values of a field that upstream will see. Package
// forward takes from strangers what only trusted peers may say; a key that held
// it would let a stranger who says X-Forwarded-User: alice have what was stored
// for her.
func (x *exchange) arriving(name string) []string {
	if !x.trusted && isForwarded(name) {
		return nil
	}
	return x.in.Header[name]
}

func isForwarded(name string) bool {
	return name == "Forwarded" || strings.HasPrefix(name, "X-Forwarded-")
}

// identity hashes everything that can carry a credential. The zero identity is
// the lack of any.
func (k *keyer) identity(who *audience, x *exchange) coalescer.Identity {
	r := x.in
	if who.isAnonymous(x) {
		return coalescer.Identity{}
	}
	return k.hash(func(h *keyHash) {
		h.text("identity")
		for _, name := range who.fields {
			h.field(name, who.values(x, name))
		}
		for _, name := range x.forwardedCredentials() {
			h.field(name, r.Header[name])
		}
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			h.text("certificate")
			h.text(string(r.TLS.PeerCertificates[0].Raw))
		}
	})
}

// address stands in for the identity of clients that have none, where one of
// them must be told from another.
func (k *keyer) address(addr string) coalescer.Identity {
	return k.hash(func(h *keyHash) {
		h.text("address")
		h.text(addr)
	})
}

// audience is how a route tells one identity from another.
type audience struct {
	fields        []string // credentials, sorted, canonical
	ignoreCookies []string // names of cookies that say nothing of who asks; a trailing * stands for any ending
}

func newAudience(identity, ignoreCookies []string) audience {
	fields := slices.Concat(credentialFields, identity)
	slices.Sort(fields)
	cookies := slices.Clone(ignoreCookies)
	slices.Sort(cookies)
	return audience{slices.Compact(fields), slices.Compact(cookies)}
}

func (a *audience) equal(b *audience) bool {
	return slices.Equal(a.fields, b.fields) && slices.Equal(a.ignoreCookies, b.ignoreCookies)
}

func (a *audience) isAnonymous(x *exchange) bool {
	for _, name := range a.fields {
		if len(a.values(x, name)) > 0 {
			return false
		}
	}
	if x.in.TLS != nil && len(x.in.TLS.PeerCertificates) > 0 {
		return false
	}
	return len(x.forwardedCredentials()) == 0
}

// values returns what a field says of who asks.
func (a *audience) values(x *exchange, name string) []string {
	if name == "Cookie" {
		return a.cookies(x.in.Header[name])
	}
	return x.arriving(name)
}

// cookies returns the Cookie fields without the cookies that are ignored; the
// rest byte for byte and in order. Where servers do not agree on where a cookie
// ends, nothing is left out.
func (a *audience) cookies(lines []string) []string {
	if len(a.ignoreCookies) == 0 {
		return lines
	}
	var kept []string
	for _, line := range lines {
		if hasQuotedSpan(line) {
			kept = append(kept, line)
			continue
		}
		for pair := range strings.SplitSeq(line, ";") {
			pair = strings.TrimSpace(pair)
			if pair != "" && !a.ignores(pair) {
				kept = append(kept, pair)
			}
		}
	}
	return kept
}

// ignores reports whether a cookie says nothing of who asks. One whose value
// holds what some servers take for the end of a cookie may be two.
func (a *audience) ignores(pair string) bool {
	name, value, _ := strings.Cut(pair, "=")
	return slices.ContainsFunc(a.ignoreCookies, func(p string) bool { return cookieMatches(p, name) }) &&
		!strings.ContainsAny(value, " \t,\"\\")
}

// hasQuotedSpan reports whether a Cookie field may hold a semicolon in quotes,
// which ends a cookie for some servers and not for others.
func hasQuotedSpan(line string) bool {
	if strings.IndexByte(line, '"') < 0 {
		return false
	}
	for pair := range strings.SplitSeq(line, ";") {
		if strings.Count(pair, `"`)%2 != 0 || strings.IndexByte(pair, '\\') >= 0 {
			return true
		}
	}
	return false
}

func cookieMatches(pattern, name string) bool {
	if prefix, any := strings.CutSuffix(pattern, "*"); any {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == name
}

// forwardedCredentials returns the names of the fields by which a trusted proxy
// before us says who asks, sorted.
func (x *exchange) forwardedCredentials() []string {
	if !x.trusted {
		return nil
	}
	var names []string
	for name := range x.in.Header {
		if strings.HasPrefix(name, "X-Forwarded-") && classify(name) == credential {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// foreignOrigin returns the Origin field if the page that asks lives
// elsewhere: then the answer's CORS fields depend on it.
func foreignOrigin(r *http.Request, scheme string) []string {
	origin := r.Header["Origin"]
	if len(origin) == 1 && origin[0] == scheme+"://"+r.Host {
		return nil
	}
	return origin
}

// crossSite reports whether the browser says that another site asks: upstream
// may refuse that.
func crossSite(h http.Header) bool {
	site := h["Sec-Fetch-Site"]
	return len(site) > 1 || len(site) == 1 && site[0] != "same-origin" && site[0] != "none"
}

// forwardedHost returns what RFC 7239's field says of host and scheme, which
// upstream may build links from; the hops' addresses are left out.
func forwardedHost(lines []string) []string {
	var kept []string
	for _, line := range lines {
		for element := range strings.FieldsFuncSeq(line, func(r rune) bool { return r == ';' || r == ',' }) {
			name, _, _ := strings.Cut(strings.TrimSpace(element), "=")
			if !strings.EqualFold(name, "for") && !strings.EqualFold(name, "by") {
				kept = append(kept, element)
			}
		}
	}
	return kept
}
