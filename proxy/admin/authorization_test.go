package admin

import (
	"strings"
	"testing"
)

// changes are one request of each kind.
var changes = []struct{ method, target, content string }{
	{"PUT", "/api/v1/routes/polled", `{"percent":1}`},
	{"PUT", "/api/v1/kill", ""},
	{"DELETE", "/api/v1/kill", ""},
}

func TestChangesAreForTheBearersOfTheTokenOrForLoopback(t *testing.T) {
	const token = "Authorization: Bearer right"
	tests := []struct {
		name  string
		with  func(*Options)
		lines []string
		want  int
	}{
		{"no token, loopback", func(o *Options) { o.Loopback = true }, nil, 200},
		{"no token, loopback, any token", func(o *Options) { o.Loopback = true }, []string{token}, 200},
		{"no token, elsewhere", func(o *Options) {}, nil, 403},
		{"no token, elsewhere, the empty one", func(o *Options) {}, []string{"Authorization: Bearer "}, 403},
		{"reading has a token", func(o *Options) { o.Loopback, o.Access.ReadToken = true, "right" }, []string{token}, 403},
		{"without it", func(o *Options) { o.Loopback, o.Access.Token = true, "right" }, nil, 401},
		{"with another", func(o *Options) { o.Access.Token = "right" }, []string{"Authorization: Bearer wrong"}, 401},
		{"with that for reading", func(o *Options) { o.Access.Token, o.Access.ReadToken = "write", "right" }, []string{token}, 401},
		{"with it", func(o *Options) { o.Access.Token = "right" }, []string{token}, 200},
		{"with it, from a page that knows it", func(o *Options) { o.Access.Token = "right" }, []string{token, "Origin: https://console.test", "Host: pollard.test"}, 200},
	}
	for _, test := range tests {
		l := listen(t, test.with)
		for _, c := range changes {
			resp := l.send(c.method, c.target, c.content, test.lines...)
			if resp.StatusCode != test.want {
				t.Errorf("%s: %s %s: got %s, want %d", test.name, c.method, c.target, resp.Status, test.want)
			}
			if said := body(t, resp); test.want == 401 && (resp.Header.Get("WWW-Authenticate") == "" || strings.Contains(said, "right")) {
				t.Errorf("%s: the refusal asks for nothing, or tells the token: %s", test.name, said)
			}
		}
	}
}

func TestTheTokenForChangesReadsToo(t *testing.T) {
	l := listen(t, func(o *Options) { o.Access.Token, o.Access.ReadToken = "write", "read" })
	for _, token := range []string{"write", "read"} {
		if resp := l.get("/api/v1/audit", "Authorization: Bearer "+token); resp.StatusCode != 200 {
			t.Errorf("%s: got %s, want 200", token, resp.Status)
		}
	}
	if resp := l.get("/api/v1/audit"); resp.StatusCode != 401 {
		t.Errorf("without: got %s, want 401", resp.Status)
	}
}

// A browser on the operator's machine reaches a listener on loopback for any page.
func TestWithoutATokenPagesOfOtherSitesChangeNothing(t *testing.T) {
	tests := []struct {
		lines []string
		want  int
	}{
		{nil, 200},
		{[]string{"Origin: http://127.0.0.1:9090", "Sec-Fetch-Site: same-origin"}, 200},
		{[]string{"Host: localhost:9090", "Origin: http://localhost:9090"}, 200},
		{[]string{"Host: [::1]:9090"}, 200},
		{[]string{"Host: [::1]"}, 200},
		{[]string{"Host: 127.0.0.1"}, 200},
		{[]string{"Sec-Fetch-Site: none"}, 200},
		{[]string{"Sec-Fetch-Site: cross-site"}, 403},
		{[]string{"Sec-Fetch-Site: same-site"}, 403},
		{[]string{"Origin: http://evil.test"}, 403},
		{[]string{"Origin: http://127.0.0.1:8080"}, 403},
		{[]string{"Origin: null"}, 403},
		{[]string{"Origin: http://evil.test:9090", "Host: evil.test:9090", "Sec-Fetch-Site: same-origin"}, 403}, // rebound
		{[]string{"Host: 127.0.0.1.evil.test:9090"}, 403},
		{[]string{"Host: 10.0.0.1:9090"}, 403},
	}
	for _, test := range tests {
		l := listen(t, onLoopback)
		for _, c := range changes {
			if resp := l.send(c.method, c.target, c.content, test.lines...); resp.StatusCode != test.want {
				t.Errorf("%q: %s %s: got %s, want %d", test.lines, c.method, c.target, resp.Status, test.want)
			}
		}
	}
}

// What looks like a change to something before or behind the listener is none, or is
// asked for the token like any other.
func TestNoDisguiseOfAChangeNeedsLessThanTheToken(t *testing.T) {
	l := listen(t, func(o *Options) { o.Access.Token, o.Access.ReadToken, o.Loopback = "write", "read", true })
	tests := []struct {
		method, target string
		lines          []string
		want           int
	}{
		{"POST", "/api/v1/kill", []string{"X-HTTP-Method-Override: PUT"}, 405},
		{"GET", "/api/v1/kill?_method=put", nil, 405},
		{"PUT", "//api/v1/kill", nil, 307},
		{"PUT", "/api/v1/../v1/kill", nil, 307},
		{"PUT", "/api/v1/%6bill", nil, 401},
		{"PUT", "/api/v1/kill?token=write", nil, 401},
		{"PUT", "/api/v1/kill", []string{"Authorization: Bearer  write"}, 401},
		{"PUT", "/api/v1/kill", []string{"Authorization: Basic d3JpdGU6d3JpdGU="}, 401},
		{"PUT", "/api/v1/kill", []string{"Cookie: token=write"}, 401},
		{"PUT", "/api/v1/kill", []string{"X-Forwarded-For: 127.0.0.1"}, 401},
		{"PUT", "/api/v1/webhook/kill", nil, 405},
		{"POST", "/api/v1/webhook/..%2fkill", nil, 404},
	}
	for _, test := range tests {
		if resp := l.send(test.method, test.target, "", test.lines...); resp.StatusCode != test.want {
			t.Errorf("%s %s %q: got %s, want %d", test.method, test.target, test.lines, resp.Status, test.want)
		}
	}
	if got := body(t, l.get("/api/v1/routes", "Authorization: Bearer read")); strings.Contains(got, `"killed": true`) {
		t.Errorf("got %s, want that nothing was killed", got)
	}
}

func TestWhoMayDoWhatHoldsFromOneMomentToTheNext(t *testing.T) {
	const old, current = "Authorization: Bearer old", "Authorization: Bearer current"
	l := listen(t, func(o *Options) { o.Access.Token, o.Access.ReadToken = "old", "old too" })
	l.Handler.(*Handler).Admit(Access{Token: "current", ReadToken: "current too", Webhooks: []Webhook{{Name: "new", Token: "swordfish"}}})
	tests := []struct {
		method, target, line string
		want                 int
	}{
		{"GET", "/api/v1/audit", old, 401},
		{"GET", "/api/v1/audit", old + " too", 401},
		{"GET", "/api/v1/audit", current + " too", 200},
		{"PUT", "/api/v1/kill", old, 401},
		{"PUT", "/api/v1/kill", current + " too", 401},
		{"PUT", "/api/v1/kill", current, 200},
		{"POST", "/api/v1/webhook/new", "X-Gitlab-Token: swordfish", 202},
	}
	for _, test := range tests {
		if resp := l.send(test.method, test.target, "{}", test.line); resp.StatusCode != test.want {
			t.Errorf("%s %s with %q: got %s, want %d", test.method, test.target, test.line, resp.Status, test.want)
		}
	}
}
