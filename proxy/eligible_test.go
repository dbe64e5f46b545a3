package proxy

import (
	"net/http"
	"testing"

	"github.com/pollard-proxy/pollard/coalescer"
)

// why returns why a request would not be coalesced on a route, "" if it would.
func why(t *testing.T, r *http.Request, with ...func(*RouteOptions)) string {
	t.Helper()
	_, reason := keyOf(newKeyRig(t, with...)[coalescer.Nothing], r)
	return reason
}

func TestWhatCannotBeCoalescedIsNamed(t *testing.T) {
	tests := []struct {
		line string
		want string
	}{
		{"Range: bytes=0-1", "range"},
		{"Expect: 100-continue", "expect"},
		{`If-Match: "x"`, "precondition"},
		{"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", "precondition"},
		{`If-Range: "x"`, "precondition"},
		{"Cache-Control: no-cache", "no-cache"},
		{"Cache-Control: max-age=0, No-Cache", "no-cache"},
		{"Cache-Control: no-store", "no-cache"},
		{"Pragma: no-cache", "no-cache"},
		{`If-None-Match: "x`, "if-none-match"},
		{`If-None-Match: "x" "y"`, "if-none-match"},
		{"If-None-Match: x, y", "if-none-match"},
		{"Authorization: NTLM TlRMTVNT", "connection-bound"},
		{"Authorization: negotiate YIIB", "connection-bound"},
		{"Authorization: Negotiate", "connection-bound"},
		{"Connection: X-Requested-With", "connection"},
		{"Connection: close, cookie", "connection"},
		{"Connection: keep-alive, Accept", "connection"},
		{"X-Last-Fetched-At: 1", "header:X-Last-Fetched-At"},
		{"X-Gitlab-Graphql-Resource-Etag: x", "header:X-Gitlab-Graphql-Resource-Etag"},
		{"X-Original-Url: /admin", "header:X-Original-Url"},
		{"X-Rewrite-Url: /admin", "header:X-Rewrite-Url"},
		{"X-Http-Method-Override: DELETE", "header:X-Http-Method-Override"},
		{"X-Api-Key: k", "header:X-Api-Key"},
		{"Remote-User: alice", "header:Remote-User"},
		{"X-Amzn-Oidc-Data: eyJ", "header:X-Amzn-Oidc-Data"},
		{"Cf-Access-Jwt-Assertion: eyJ", "header:Cf-Access-Jwt-Assertion"},
		{"X-Goog-Authenticated-User-Email: a", "header:X-Goog-Authenticated-User-Email"},
		{"X-Ms-Client-Principal: a", "header:X-Ms-Client-Principal"},
		{"Ssl-Client-Cert: x", "header:Ssl-Client-Cert"},
		{"Dpop: eyJ", "header:Dpop"},
		{"Proxy-Authorization: Basic x", "header:Proxy-Authorization"},
		{"X_Forwarded_User: admin", "header:X_forwarded_user"},
		{"Prefer: wait=30", "header:Prefer"},
		{"Accept-Datetime: x", "header:Accept-Datetime"},
		{"Sudo: root", "header:Sudo"},
		{"Sec-Websocket-Key: x", "header:Sec-Websocket-Key"},

		{"Cache-Control: max-age=0", ""},
		{`If-None-Match: W/"a", "b"`, ""},
		{"If-None-Match: *", ""},
		{"If-None-Match: bare", ""},
		{"If-None-Match:", ""},
		{"If-Modified-Since: nonsense", ""},
		{"Authorization: Bearer x", ""},
		{"Connection: Keep-Alive, TE", ""},
		{"Connection: upgrade", ""}, // of many a nginx, without an Upgrade
	}
	for _, test := range tests {
		t.Run(test.line, func(t *testing.T) {
			if got := why(t, request("/d", test.line)); got != test.want {
				t.Errorf("not coalesced because of %q, want %q", got, test.want)
			}
		})
	}
}

func TestPollWithABodyIsNotCoalesced(t *testing.T) {
	sized, unsized, chunked := request("/d"), request("/d"), request("/d")
	sized.ContentLength = 2
	unsized.ContentLength = -1
	chunked.TransferEncoding = []string{"chunked"}
	for _, r := range []*http.Request{sized, unsized, chunked} {
		if got := why(t, r); got != "body" {
			t.Errorf("length %d, coding %q: not coalesced because of %q, want body", r.ContentLength, r.TransferEncoding, got)
		}
	}
}

// TestRoutesCanDeclareFieldsButNotUndoCredentials: what a route says can make
// it share less, never more than is safe.
func TestRoutesCanDeclareFieldsButNotUndoCredentials(t *testing.T) {
	declared := func(o *RouteOptions) {
		o.Identity = []string{"X-Api-Key", "User-Agent", "Accept"}
		o.Variant = []string{"X-Theme", "Referer", "Cookie", "X-Forwarded-User"}
		o.Ignore = []string{"X-Page", "Pragma", "Authorization", "Accept-Language", "X-Forwarded-Email"}
	}
	tests := []struct {
		line string
		want class
	}{
		{"X-Api-Key", credential},
		{"User-Agent", credential},
		{"Accept", credential},
		{"X-Theme", variant},
		{"Referer", variant},
		{"Cookie", credential},
		{"X-Forwarded-User", credential},
		{"X-Page", harmless},
		{"Pragma", harmless},
		{"Authorization", credential},
		{"Accept-Language", variant},
		{"X-Forwarded-Email", credential},
		{"X-Unheard-Of", unknown},
	}
	h := newKeyRig(t, declared)[coalescer.Nothing]
	for _, test := range tests {
		if got := h.tables.Load().routes[0].classOf(test.line); got != test.want {
			t.Errorf("class of %s: got %d, want %d", test.line, got, test.want)
		}
	}
	for _, line := range []string{"X-Api-Key: k", "X-Page: 1", "X-Theme: dark", "Pragma: no-cache"} {
		if got := why(t, request("/d", line), declared); got != "" {
			t.Errorf("%s: not coalesced because of %q", line, got)
		}
	}
	base, a := request("/d"), newKeyRig(t, declared)
	wantCommon(t, a, base, request("/d", "Authorization: x"), resource)
	wantCommon(t, a, base, from(balancer, request("/d", "X-Forwarded-Email: x")), resource)
	wantCommon(t, a, base, request("/d", "Accept-Language: de"), none)
	wantCommon(t, a, base, request("/d", "X-Page: 1"), all)
}

func TestWhatIsNoPollMatchesNoRoute(t *testing.T) {
	h := newKeyRig(t)[coalescer.Nothing]
	for _, r := range []*http.Request{
		request("POST /d"), request("OPTIONS /d"), request("get /d"), request("TRACE /d"),
		request("/d", "Connection: Upgrade", "Upgrade: websocket"),
		request("/d", "Upgrade: h2c"),
		request("/d", "Accept: text/html", "Accept: text/event-stream"),
		request("OPTIONS *"),
	} {
		if x := h.receive(nil, r); x.route != nil {
			t.Errorf("%s %s %v is taken for a poll", r.Method, r.RequestURI, r.Header)
		}
	}
}
