package admin

import (
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Access is who may do what on the listener.
type Access struct {
	Token     string    // may change things, and read
	ReadToken string    // where set, it or Token is asked for by everything but the health checks
	Webhooks  []Webhook // with names that differ
}

// mayRead reports whether a request may be told things.
func (a *Access) mayRead(r *http.Request) bool {
	return a.ReadToken == "" || bears(r, a.ReadToken) || bears(r, a.Token)
}

// reading asks for a token, where one is set for it. Where none is, and the listener
// is on loopback, names that were made to resolve to this machine (DNS rebinding)
// would let any page that a browser here shows read what there is.
func (a *admin) reading(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		access := a.access.Load()
		switch {
		case !access.mayRead(r):
			unauthorized(w, "admin_read_token")
			return
		case a.Loopback && access.ReadToken == "" && !isLocal(r.Host) && !bears(r, access.Token):
			http.Error(w, fmt.Sprintf("Host is %q, want an address of this machine, or an admin_read_token in the configuration", r.Host), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// changing lets those through who may change things: the bearers of the token or,
// where no token of either kind is set, whoever reaches a listener on loopback.
// There a browser's pages are somebody else.
func (a *admin) changing(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		access := a.access.Load()
		switch {
		case access.Token != "" && bears(r, access.Token):
		case access.Token != "":
			unauthorized(w, "admin_token")
			return
		case access.ReadToken != "" || !a.Loopback:
			http.Error(w, "changes need an admin_token in the configuration, unless the listener is on loopback and no token is set", http.StatusForbidden)
			return
		default:
			if why := foreign(r); why != "" {
				http.Error(w, "without an admin_token, changes are not taken from web pages: "+why, http.StatusForbidden)
				return
			}
		}
		next(w, r)
	})
}

// bears reports whether a request carries a token, which is set.
func bears(r *http.Request, token string) bool {
	scheme, got, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && token != "" && subtle.ConstantTimeCompare([]byte(got), []byte(token)) == 1
}

func unauthorized(w http.ResponseWriter, token string) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="pollard"`)
	http.Error(w, "this needs Authorization: Bearer <"+token+">", http.StatusUnauthorized)
}

// foreign says why a request may come from a page of another site, in a browser on
// this machine; "" if it does not. The Host gives away names that were made to
// resolve to this machine (DNS rebinding), where a page's origin looks like ours.
func foreign(r *http.Request) string {
	if !isLocal(r.Host) {
		return fmt.Sprintf("Host is %q, want an address of this machine", r.Host)
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return "Sec-Fetch-Site is " + site
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
			return fmt.Sprintf("Origin is %q", origin)
		}
	}
	return ""
}

// isLocal reports whether a Host, with or without a port, is this machine's.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// Bounds of what is said for the audit log, in bytes.
const (
	maxWho = 100
	maxWhy = 500
)

// plain returns at most so many bytes of a text, without what would move a
// terminal's cursor.
func plain(text string, most int) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text[:min(len(text), most)])
}

// who names who asks for a change: as they say, and as it is known.
func (a *admin) who(r *http.Request) string {
	by := "admin token"
	if a.access.Load().Token == "" {
		by = "no token"
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		by = host + ", " + by
	}
	if name := plain(r.Header.Get("X-Pollard-Who"), maxWho); name != "" {
		return fmt.Sprintf("%s (%s)", name, by)
	}
	return by
}
