package forward

import (
	"net/http"
	"net/netip"
)

// IsTrusted reports whether r's peer is one whose X-Forwarded-* are believed.
func IsTrusted(r *http.Request, trusted []netip.Prefix) bool { return within(peer(r), trusted) }
