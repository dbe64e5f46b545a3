package frontdoor

import "net/netip"

// Source returns whom an address stands for, as far as limits go: an IPv4 address for itself, an IPv6 address for its
// /64, which is the least that one subscriber is given. It is the zero Prefix for an address that is not valid.
func Source(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // only for an address that is not valid
	}
	return p
}
