package proxy

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/rollout"
)

// member is one cache in a Cache-Status field, as RFC 9211 §2 has it.
type member struct {
	cache  string
	params map[string]string // the value of a bare one is "?1"
}

// parseMember reads a token with parameters (RFC 9651 §3.1.2, §3.3): bare,
// integers, tokens and strings.
func parseMember(s string) (member, error) {
	token := regexp.MustCompile(`^[A-Za-z*][!#$%&'*+.^_|~:/0-9A-Za-z` + "`" + `-]*`)
	param := regexp.MustCompile(`^; *([a-z*][a-z0-9_.*-]*)(?:=(-?[0-9]{1,15}|[A-Za-z*][!#$%&'*+.^_|~:/0-9A-Za-z-]*|"(?:[ !#-\[\]-~]|\\["\\])*"))?`)
	m := member{cache: token.FindString(s), params: map[string]string{}}
	rest := s[len(m.cache):]
	for rest != "" {
		found := param.FindStringSubmatch(rest)
		if found == nil || m.cache == "" {
			return m, fmt.Errorf("%q is no member: stuck at %q", s, rest)
		}
		if found[2] == "" {
			found[2] = "?1"
		}
		m.params[found[1]] = found[2]
		rest = rest[len(found[0]):]
	}
	return m, nil
}

func TestCacheStatusIsAStructuredField(t *testing.T) {
	tests := []struct {
		answer coalescer.Answer
		want   string
	}{
		{coalescer.Answer{How: coalescer.Hit, TTL: 2 * time.Second}, "pollard; hit; ttl=2"},
		{coalescer.Answer{How: coalescer.Hit, TTL: 1}, "pollard; hit; ttl=1"},
		{coalescer.Answer{How: coalescer.Hit}, "pollard; hit; ttl=0"},
		{coalescer.Answer{How: coalescer.Hit, TTL: -1}, "pollard; hit; ttl=-1"},
		{coalescer.Answer{How: coalescer.Collapsed, Covered: true, TTL: -1500 * time.Millisecond}, "pollard; hit; ttl=-2"},
		{coalescer.Answer{How: coalescer.Collapsed, Status: 200}, "pollard; fwd=miss; collapsed"},
		{coalescer.Answer{How: coalescer.Collapsed, Status: 304, Stale: true}, "pollard; fwd=stale; collapsed"},
		{coalescer.Answer{How: coalescer.Revalidated, Status: 304, Stale: true}, "pollard; fwd=stale; fwd-status=304"},
		{coalescer.Answer{How: coalescer.Fetched, Status: 200}, "pollard; fwd=miss; fwd-status=200; stored"},
		{coalescer.Answer{How: coalescer.Fetched, Status: 401, Stale: true, Response: &http.Response{}}, "pollard; fwd=stale; fwd-status=401"},
	}
	for _, test := range tests {
		got := cacheStatus(test.answer)
		if got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
		m, err := parseMember(got)
		if err != nil || m.cache != "pollard" {
			t.Errorf("%q: %v", got, err)
		}
		if _, hit := m.params["hit"]; hit == (m.params["fwd"] != "") {
			t.Errorf("%q: RFC 9211 §2.2 wants either hit or fwd", got)
		}
	}
}

func TestKeyNamesTheDocumentWhereTheQueryHoldsMore(t *testing.T) {
	rt := &Route{RouteOptions: RouteOptions{IgnoreQuery: []string{"_"}}}
	tests := []struct{ target, want string }{
		{"/d?_=1", `; key="/d"`},
		{"/d?a=1&_=1&b=/?", `; key="/d?a=1&b=/?"`},
		{"/d", ""},
		{"/d?", ""},
		{"/d?a=_", ""},
		{"/d?a=\"&_=1", ""},
		{"/d?private_token=1&_=1", ""},
	}
	for _, test := range tests {
		x := &exchange{route: rt, stage: rollout.Push}
		x.path, x.query = cutTarget(test.target)
		got := x.keyParameter()
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.target, got, test.want)
		}
		if _, err := parseMember("pollard; hit" + got); err != nil {
			t.Errorf("%s: %v", test.target, err)
		}
		if x.stage = rollout.Coalesce; x.keyParameter() != "" {
			t.Errorf("%s: got %q of a client that is not pushed to", test.target, x.keyParameter())
		}
	}
}

func TestBypassStatusNamesTheStageWhereThereIsNoReason(t *testing.T) {
	if got, want := bypassStatus("", rollout.Observe), `pollard; fwd=bypass; detail="observe"`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzBypassStatusIsWellFormed: a reason may name a field that the client chose.
func FuzzBypassStatusIsWellFormed(f *testing.F) {
	for _, reason := range []string{"vary", "header:X-Unheard-Of", `header:"; hit`, "\r\nSet-Cookie: a=b", `\`, "é", "\xff"} {
		f.Add(reason)
	}
	f.Fuzz(func(t *testing.T, reason string) {
		status := bypassStatus(reason, rollout.Coalesce)
		m, err := parseMember(status)
		if err != nil || m.params["fwd"] != "bypass" || len(m.params) != 2 || strings.ContainsAny(status, "\r\n") {
			t.Errorf("reason %q makes %q: %v", reason, status, err)
		}
	})
}
