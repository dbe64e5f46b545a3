package forward

import (
	"net/http"
	"net/netip"
	"strings"
)

// ClientAddr returns the address of the client as far as it can be trusted: that of the peer,
// unless the peer is trusted; then the rightmost address in X-Forwarded-For that is not.
// Where that field is malformed, whoever added the rest is the client, and where all of it is
// trusted, the leftmost. It is the zero Addr when r has no peer address, and has no zone.
func ClientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	client := peer(r)
	lines := r.Header["X-Forwarded-For"]
	for i := len(lines) - 1; i >= 0; i-- {
		hops := strings.Split(lines[i], ",")
		for j := len(hops) - 1; j >= 0; j-- {
			if !within(client, trusted) {
				return client
			}
			hop, ok := parseHop(hops[j])
			if !ok {
				return client
			}
			client = hop
		}
	}
	return client
}

// peer returns the address at the other end of r's connection, or the zero Addr.
func peer(r *http.Request) netip.Addr {
	addr, _ := parseHop(r.RemoteAddr)
	return addr
}

// parseHop parses an address with or without a port, IPv6 with or without brackets.
func parseHop(s string) (netip.Addr, bool) {
	s = strings.Trim(s, " \t")
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return bare(ap.Addr()), true
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		s = strings.TrimSuffix(inner, "]")
	}
	addr, err := netip.ParseAddr(s)
	return bare(addr), err == nil
}

func bare(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func within(a netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// setForwarded tells the upstream in h who sent r. What a trusted peer says is kept and
// extended. What anybody else says about itself is a forgery: every X-Forwarded-* field is
// dropped, and Forwarded (RFC 7239), which some upstreams believe first.
func setForwarded(h http.Header, r *http.Request, trusted []netip.Prefix) {
	from := peer(r)
	if !within(from, trusted) {
		dropForwarded(h)
	}
	if from.IsValid() {
		hops := append(h["X-Forwarded-For"], from.String())
		h["X-Forwarded-For"] = []string{strings.Join(hops, ", ")}
	}
	if len(h["X-Forwarded-Proto"]) == 0 {
		h["X-Forwarded-Proto"] = []string{scheme(r)}
	}
	if len(h["X-Forwarded-Host"]) == 0 && r.Host != "" {
		h["X-Forwarded-Host"] = []string{r.Host}
	}
}

func dropForwarded(h http.Header) {
	delete(h, "Forwarded")
	for name := range h {
		if strings.HasPrefix(name, "X-Forwarded-") {
			delete(h, name)
		}
	}
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}
