package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A question is a poll, with what was true when it began.
type question struct {
	in     *http.Request
	target string
	path   string
	began  time.Time
	wrote  int           // the version that the session had been told of
	out    bool          // the session had signed out
	since  time.Duration // that it had ended
	known  copyOf
	tags   []string

	mayBeNobody bool // the credential does not reach upstream, or is none
}

func (b *tab) ask(target string) *question {
	what := target
	if b.rnd.IntN(30) == 0 {
		what = "HEAD " + target
	}
	q := &question{in: b.request(what), target: target, began: time.Now(), known: b.known[target]}
	q.path, _, _ = strings.Cut(target, "?")
	switch n := b.rnd.IntN(100); {
	case n < 50 && q.known.tag != "":
		q.tags = []string{q.known.tag}
	case n < 55 && q.known.tag != "":
		q.tags = []string{`"old"`, q.known.tag}
	case n < 60:
		q.tags = []string{fmt.Sprintf(`W/"%x"`, sum(q.path, b.rnd.IntN(20)))} // perhaps another user's
	case n < 62:
		q.tags = []string{"*"}
	case n < 64:
		q.in.Header.Set("Cache-Control", "no-cache")
	case n < 67:
		q.in.Header.Set("X-Theme", fmt.Sprint(n))
	case n < 70:
		q.in.Header.Set("X-Forwarded-Host", "evil.test")
	case n < 72:
		q.in.Header.Set("Connection", "close, Cookie, Private-Token, Authorization, X-Forwarded-User")
		q.mayBeNobody = true
	}
	if q.tags != nil {
		q.in.Header.Set("If-None-Match", strings.Join(q.tags, ", "))
	}
	s := b.session
	s.mu.Lock()
	defer s.mu.Unlock()
	q.mayBeNobody = q.mayBeNobody || s.carrier == "" || !s.ended.IsZero()
	q.wrote, q.out = s.wrote[q.path], !s.signedOut.IsZero()
	if !s.ended.IsZero() {
		q.since = q.began.Sub(s.ended)
	}
	return q
}

// examine holds an answer against everything that was promised.
func (b *tab) examine(q *question, resp *http.Response) {
	user, content := b.session.user, body(resp)
	if owner := resp.Header.Get("X-Owner"); owner != "" && owner != user {
		b.fault("%s of %q was told X-Owner: %s", q.target, user, owner)
	}
	for _, c := range resp.Header["Set-Cookie"] {
		if c != "seen=" && c != "seen="+user {
			b.fault("%s of %q was told Set-Cookie: %s", q.target, user, c)
		}
	}
	switch {
	case resp.StatusCode == http.StatusNotModified:
		b.examineUnmodified(q, resp)
	case resp.StatusCode == http.StatusUnauthorized && b.rnd.IntN(8) == 0:
		b.signInAgain()
	case resp.StatusCode == http.StatusUnauthorized && !q.mayBeNobody && !b.hasEnded():
		b.fault("%s of %q, who is signed in, was refused", q.target, user)
	case resp.StatusCode == http.StatusOK && q.in.Method == http.MethodGet:
		b.examineBody(q, resp, content)
	}
}

func (b *tab) hasEnded() bool {
	b.session.mu.Lock()
	defer b.session.mu.Unlock()
	return !b.session.ended.IsZero()
}

func (b *tab) examineUnmodified(q *question, resp *http.Response) {
	tag := resp.Header.Get("ETag")
	weakly := func(t string) bool { return t == "*" || strings.TrimPrefix(t, "W/") == strings.TrimPrefix(tag, "W/") }
	if !slices.ContainsFunc(q.tags, weakly) {
		b.fault("%s with If-None-Match %q was answered 304 with ETag %s", q.target, q.tags, tag)
	}
	if tag == q.known.tag && q.known.version < q.wrote {
		b.fault("%s of %q: 304 to version %d after its own version %d", q.target, b.session.user, q.known.version, q.wrote)
	}
}

func (b *tab) examineBody(q *question, resp *http.Response, content string) {
	var owner, target string
	var version int
	if _, err := fmt.Sscanf(strings.Replace(content, "owner= ", "owner=- ", 1), "owner=%s version=%d target=%s", &owner, &version, &target); err != nil {
		b.fault("%s: a body that is none: %q", q.target, content)
		return
	}
	kind, _, _ := strings.Cut(q.path[1:], "/")
	isPublic := kind == "public" || kind == "mixed"
	switch {
	case owner == b.session.user && (isPublic || b.session.carrier != ""):
	case isPublic && (owner == everyone || owner == "-" && (q.mayBeNobody || b.hasEnded())):
	default:
		b.fault("%s of %q was given the body of %q: %s", q.target, b.session.user, owner, content)
	}
	if target != q.target {
		b.fault("%s was given the body of %s", q.target, target)
	}
	if version < q.wrote {
		b.fault("%s of %q: version %d after its own version %d", q.target, b.session.user, version, q.wrote)
	}
	if !isPublic && (q.out || q.since > audit) {
		b.fault("%s of %q: a body %v after the session ended (signed out: %v)", q.target, b.session.user, q.since, q.out)
	}
	if tag := resp.Header.Get("ETag"); tag != "" {
		b.known[q.target] = copyOf{tag, version}
	}
}
