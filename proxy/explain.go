package proxy

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/rollout"
)

// maxExplained bounds how many documents an explanation lists.
const maxExplained = 50

// Explanation says what becomes of polls of a URL, and why. It holds no
// credential and no body; key parts are named, not quoted, where their values
// could be secret.
type Explanation struct {
	URL      string            `json:"url"`
	Route    string            `json:"route"` // "other" where none matches
	Pattern  string            `json:"pattern,omitempty"`
	Stage    string            `json:"stage,omitempty"`
	Percent  string            `json:"percent,omitempty"`
	Share    string            `json:"share,omitempty"`
	Decision string            `json:"decision"` // pass, bypass or coalesce
	Reason   string            `json:"reason"`   // why, in words
	Key      *KeyParts         `json:"key,omitempty"`
	Stored   []coalescer.State `json:"documents"`
	Bypasses map[string]uint64 `json:"bypasses,omitempty"` // of the whole route, by reason
	Why      []string          `json:"why"`                // a page may not have updated, in sentences
}

// KeyParts are what the key of a poll is made of.
type KeyParts struct {
	Method   string   `json:"method"`
	Scheme   string   `json:"scheme"`
	Host     string   `json:"host"`
	Path     string   `json:"path"`
	Query    string   `json:"query"`    // without what the route ignores; values of likely credentials are hidden
	Identity []string `json:"identity"` // request fields that say who asks
	Variant  []string `json:"variant"`  // request fields that select the representation
}

// Explain says what a poll of a URL with these request fields would get. The
// URL is absolute, or a path; then documents of all hosts are listed.
func (h *Handler) Explain(rawURL string, header http.Header) (Explanation, error) {
	host, target, err := cutURL(rawURL)
	if err != nil {
		return Explanation{}, err
	}
	r := &http.Request{Method: http.MethodGet, Host: host, Header: header, RequestURI: target, URL: &url.URL{Path: "/"}}
	x := &exchange{in: r, target: target}
	x.path, x.query = cutTarget(target)
	e := Explanation{URL: host + x.path + hideSecrets(x.query), Route: "other", Stored: []coalescer.State{}}
	if !isPolled(r) {
		e.Decision, e.Reason = "pass", "it is no poll: it asks for an event stream or an upgrade"
	} else if x.route = h.tables.Load().match(x.path); x.route == nil {
		e.Decision, e.Reason = "pass", whyUnmatched(x.path)
	} else {
		h.explainRoute(&e, x)
	}
	e.Why = e.why(time.Now())
	return e, nil
}

func (h *Handler) explainRoute(e *Explanation, x *exchange) {
	rt := x.route
	e.Route, e.Pattern = rt.Name, rt.Path
	e.Stage, e.Percent, e.Share = rt.Rollout.Stage.String(), rt.Rollout.Percent.String(), rt.Policy.Share.String()
	e.Stored = h.Coalescer.States(x.in.Host, x.path+rt.query(x.query), maxExplained)
	e.Bypasses = rt.live.Counts.Totals().Bypass
	x.condition = etag.ParseCondition(x.in.Header)
	x.vary = rt.live.Vary()
	x.bypass = x.ineligible()
	switch {
	case rt.Rollout.Stage < rollout.Coalesce:
		e.Decision, e.Reason = "pass", "the route is at stage "+e.Stage
	case x.bypass != "":
		e.Decision, e.Reason = "bypass", x.bypass
	default:
		e.Decision, e.Reason = "coalesce", "at most one call per interval"
		if i := slices.IndexFunc(e.Stored, func(s coalescer.State) bool { return s.Passing != "" }); i >= 0 {
			e.Reason += "; but the polls of some documents pass: " + e.Stored[i].Passing
		}
	}
	e.Key = &KeyParts{
		Method: x.in.Method, Scheme: scheme(x.in), Host: x.in.Host, Path: x.path,
		Query: hideSecrets(rt.query(x.query)), Identity: rt.audience.fields, Variant: slices.Concat(rt.variant, x.vary),
	}
	if rt.Policy.Share == coalescer.Everything {
		e.Key.Identity = []string{}
	}
}

// cutURL splits an absolute URL, or a path, into host and request-target. What
// it says of a user is no part of either.
func cutURL(s string) (host, target string, err error) {
	if rest, ok := strings.CutPrefix(s, "http://"); ok {
		s = rest
	} else if rest, ok := strings.CutPrefix(s, "https://"); ok {
		s = rest
	}
	i := strings.IndexByte(s, '/')
	if i < 0 {
		return "", "", fmt.Errorf("%q is neither an absolute URL nor a path", s)
	}
	return s[strings.LastIndexByte(s[:i], '@')+1 : i], s[i:], nil
}

func whyUnmatched(path string) string {
	if split(path) == nil {
		return "the path can be read in more than one way (dot segments, doubled or encoded slashes, semicolons, bad or double escapes): it matches no route"
	}
	return "no route matches"
}

// hideSecrets blanks the values of query parameters that may be credentials.
func hideSecrets(query string) string {
	if !hasSecret(query) {
		return query
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		if name, _, ok := strings.Cut(pair, "="); ok && hasSecret(pair) {
			pairs[i] = name + "=…"
		}
	}
	return strings.Join(pairs, "&")
}
