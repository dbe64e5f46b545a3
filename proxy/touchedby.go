package proxy

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pollard-proxy/pollard/ledger"
)

// writeRule says which documents of a route a request changes: those whose path
// has, where the route's pattern has a name or a `**`, what the request has.
type writeRule struct {
	route    *Route
	method   string
	segments []string // of the request's pattern, as written
	pattern  pattern
}

func newWriteRules(rt *Route) ([]writeRule, error) {
	var rules []writeRule
	for _, e := range rt.TouchedBy {
		p, err := parsePattern(e.Path)
		if err != nil {
			return nil, fmt.Errorf("route %s: touched by %s: %w", rt.Name, e.Method, err)
		}
		rules = append(rules, writeRule{rt, e.Method, strings.Split(e.Path[1:], "/"), p})
	}
	return rules, nil
}

// bindings are what a request has where its pattern has names and `**`.
type bindings struct {
	named map[string]string
	many  [][]string // of each `**` in turn
}

// bind returns what a path has; ok is false if the rule is not about it.
func (wr *writeRule) bind(segments []string) (b bindings, ok bool) {
	spans := make([]span, len(wr.pattern.segments))
	if !match(wr.pattern.segments, segments, spans) {
		return b, false
	}
	b.named = map[string]string{}
	for i, as := range slices.CompactFunc(slices.Clone(wr.segments), areBothMany) {
		covered := segments[spans[i].from:spans[i].to]
		switch {
		case as == "**":
			b.many = append(b.many, covered)
		case strings.Contains(as, "{"):
			name, value, ok := bindSegment(as, covered[0])
			if !ok {
				return b, false
			}
			b.named[name] = value
		}
	}
	return b, true
}

func areBothMany(a, b string) bool { return a == "**" && b == "**" }

// bindSegment returns what a segment has where its pattern has a name. A name
// that is only a part of it stands for as many letters, digits, _ and - as there
// are.
func bindSegment(as, segment string) (name, value string, ok bool) {
	before, rest, _ := strings.Cut(as, "{")
	name, after, _ := strings.Cut(rest, "}")
	if before == "" && after == "" {
		return name, segment, true
	}
	rest, ok = strings.CutPrefix(segment, before)
	if !ok {
		return "", "", false
	}
	value = rest[:len(rest)-len(strings.TrimLeftFunc(rest, isOfName))]
	return name, value, value != "" && (matchSegment(literal(after), rest[len(value):]) || after == "*")
}

func isOfName(r rune) bool {
	return r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// fill returns the route's pattern with what a request has put in; isPath says
// that nothing is open in it.
func (b *bindings) fill(path string) (filled pattern, isPath bool) {
	isPath, many := true, b.many
	for _, s := range slices.CompactFunc(strings.Split(path[1:], "/"), areBothMany) {
		before, rest, found := strings.Cut(s, "{")
		name, after, _ := strings.Cut(rest, "}")
		value, bound := b.named[name]
		switch {
		case s == "**" && len(many) > 0:
			for _, segment := range many[0] {
				filled.segments = append(filled.segments, verbatim(segment))
			}
			many = many[1:]
			continue
		case found && bound && !strings.Contains(before+after, "*"):
			s = verbatim(before + value + after)
		case found && bound:
			s = literal(before) + verbatim(value) + literal(after)
			isPath = false
		default:
			isPath = isPath && !found && !strings.Contains(s, "*")
			s = parseSegment(s)
		}
		filled.segments = append(filled.segments, s)
	}
	return filled, isPath
}

// verbatim is a segment that matches nothing but itself.
func verbatim(s string) string { return strings.ReplaceAll(literal(s), "*", `\*`) }

// path returns the path that a pattern stands for in which nothing is open.
func (p pattern) path() string {
	return "/" + strings.NewReplacer(`\\`, `\`, `\?`, `?`, `\[`, `[`, `\*`, `*`).Replace(strings.Join(p.segments, "/"))
}

// touchedBy touches what a request has changed that upstream has answered with
// success, before whoever made it knows: what the routes say, and what it spoke
// of itself (RFC 9111 §4.4).
func (h *Handler) touchedBy(x *exchange, resp *http.Response) {
	paths := spokenOf(x, resp)
	if h.written(x.in.Method, paths) {
		h.handOn(&handedOn{By: ledger.Writes, Method: x.in.Method, Paths: paths})
	}
}

// written touches what a write to the first of paths has changed, and the others. It
// reports whether that concerns any route.
func (h *Handler) written(method string, paths []string) (concerns bool) {
	t := h.tables.Load()
	segments := split(paths[0])
	if segments == nil {
		return false
	}
	for _, path := range paths {
		if rt := t.match(path); rt != nil {
			h.touchWritten(rt, plain(path))
			concerns = true
		}
	}
	for i := range t.writeRules {
		rule := &t.writeRules[i]
		if rule.method != method {
			continue
		}
		if b, ok := rule.bind(segments); !ok {
			continue
		} else if p, isPath := b.fill(rule.route.Path); isPath {
			h.touchWritten(rule.route, p.path())
		} else {
			rule.route.live.Counts.News(ledger.Writes, 1)
			h.Coalescer.TouchAll(ledger.Writes, func(path string) bool { return p.matches(strings.Split(path[1:], "/")) })
		}
		concerns = true
	}
	return concerns
}

func (h *Handler) touchWritten(rt *Route, path string) {
	rt.live.Counts.News(ledger.Writes, 1)
	h.Coalescer.Touch(ledger.Writes, path, "")
}

// plain returns a path as decoded, one that a route serves.
func plain(path string) string { return "/" + strings.Join(split(path), "/") }

// spokenOf returns the paths, on the host that was asked, that a write and the
// answer to it name.
func spokenOf(x *exchange, resp *http.Response) []string {
	paths := []string{x.path}
	for _, name := range [...]string{"Location", "Content-Location"} {
		at, err := url.Parse(resp.Header.Get(name))
		if err != nil || at.EscapedPath() == "" || at.Host != "" && !strings.EqualFold(at.Host, x.in.Host) {
			continue
		}
		base := &url.URL{Path: "/"}
		if asked, err := url.Parse(x.path); err == nil {
			base = asked
		}
		if path := base.ResolveReference(at).EscapedPath(); !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return paths
}
