package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/changes"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// News is what a source tells of changes. Nothing of it is but a sign of life.
type News struct {
	Source   ledger.Source
	Paths    []string // percent-encoded as in a request; with a query, of that one alone
	Patterns []string // as routes have them

	Heartbeat bool // it proves that the source is alive, whatever it names
}

// Met is what news met at this instance.
type Met struct {
	Documents int      // that are held, and will be asked for
	Unrouted  int      // paths that no route serves
	Examples  []string // the first few of those
}

// maxExamples bounds how many paths of no route an answer names.
const maxExamples = 10

// Touch has everything asked for anew that news name, by the other instances of a
// fleet too. It fails, and does nothing, if a pattern is none.
func (h *Handler) Touch(n News) (met Met, err error) {
	if met, err = h.touch(n); err == nil {
		h.handOn(&handedOn{By: n.Source, Paths: n.Paths, Patterns: n.Patterns, Heartbeat: n.Heartbeat})
	}
	return met, err
}

func (h *Handler) touch(n News) (met Met, err error) {
	patterns := make([]pattern, len(n.Patterns))
	for i, s := range n.Patterns {
		if patterns[i], err = parsePattern(s); err != nil {
			return met, err
		}
	}
	t, proves := h.tables.Load(), n.Heartbeat || h.Canary == ""
	for _, path := range n.Paths {
		if h.Canary != "" && path == h.Canary {
			proves = true
			continue
		}
		h.touchPath(t, n.Source, path, &met)
	}
	h.touchPatterns(n.Source, patterns, &met)
	if proves {
		h.heard(n.Source)
	}
	return met, nil
}

func (h *Handler) touchPath(t *table, by ledger.Source, target string, met *Met) {
	path, query := cutTarget(target)
	rt := t.match(path)
	if rt == nil {
		h.other.News(by, 1)
		if met.Unrouted++; met.Unrouted <= maxExamples {
			met.Examples = append(met.Examples, target)
		}
		return
	}
	rt.live.Counts.News(by, 1)
	met.Documents += h.Coalescer.Touch(by, plain(path), rt.query(query))
}

// touchPatterns looks at all paths once. Which routes a pattern is about would
// take as long again: it is counted as one of no route.
func (h *Handler) touchPatterns(by ledger.Source, patterns []pattern, met *Met) {
	if len(patterns) == 0 {
		return
	}
	h.other.News(by, len(patterns))
	met.Documents += h.Coalescer.TouchAll(by, func(path string) bool {
		segments := strings.Split(path[1:], "/")
		return slices.ContainsFunc(patterns, func(p pattern) bool { return p.matches(segments) })
	})
}

// heard is a sign of life of a source.
func (h *Handler) heard(s ledger.Source) {
	if h.Liveness != nil {
		h.Liveness.Heard(s)
	}
}

// Unsuppliable says why a representation is not taken.
type Unsuppliable struct {
	Status int // of HTTP
	Reason string
}

func (e *Unsuppliable) Error() string { return e.Reason }

// Supply has a representation be the state of a target on a route that is public, at
// the other instances of a fleet too. Whoever calls it can tell every client
// anything. It fails with an [*Unsuppliable].
func (h *Handler) Supply(by ledger.Source, target string, rep coalescer.Representation) (met Met, err error) {
	if met, err = h.supply(by, target, rep); err == nil {
		h.handOn(&handedOn{By: by, Paths: []string{target}, Representation: &represented{rep.Body, rep.ContentType, rep.Tag}})
	}
	return met, err
}

func (h *Handler) supply(by ledger.Source, target string, rep coalescer.Representation) (met Met, err error) {
	path, query := cutTarget(target)
	rt := h.tables.Load().match(path)
	switch {
	case rt == nil:
		return met, &Unsuppliable{http.StatusNotFound, fmt.Sprintf("path %q: no route serves it", target)}
	case rt.Policy.Share != coalescer.Everything:
		return met, &Unsuppliable{http.StatusConflict, fmt.Sprintf("route %s has share: %s; a representation is taken where everything is shared, touch the path instead", rt.Name, rt.Policy.Share)}
	case int64(len(rep.Body)) > rt.Policy.MaxBody:
		return met, &Unsuppliable{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than max_body of route %s, %d bytes", rt.Name, rt.Policy.MaxBody)}
	case rep.Tag == "" && !rt.Policy.TagFromBody:
		return met, &Unsuppliable{http.StatusBadRequest, fmt.Sprintf("route %s has etag: upstream; want the etag that upstream sends with this body", rt.Name)}
	case rep.Tag != "" && etag.Of(http.Header{"Etag": {string(rep.Tag)}}) != rep.Tag:
		return met, &Unsuppliable{http.StatusBadRequest, fmt.Sprintf("etag %q: want one as it is sent, with its quotes", rep.Tag)}
	}
	rep.Path, rep.Query = plain(path), rt.query(query)
	rt.live.Counts.News(by, 1)
	met.Documents = h.Coalescer.Supply(by, rt.live, &rep)
	h.heard(by)
	return met, nil
}

// coverage puts what routes rely on for news in force.
func (h *Handler) coverage(t *table) {
	if h.Liveness == nil {
		return
	}
	covers := map[string]changes.Cover{}
	for _, rt := range t.routes {
		counts := rt.live.Counts
		if len(rt.News) == 0 {
			defer counts.NewsUncovered() // once it is told that it is not covered any more
			continue
		}
		covers[rt.Name] = changes.Cover{Sources: h.sources(rt), Timeout: rt.NewsTimeout, Turn: func(alive bool) {
			h.Coalescer.Cover(rt.live, alive)
			counts.NewsAlive(alive)
		}}
	}
	h.Liveness.Cover(covers)
}

// sources are those of rt, and the other instances where they may be told what this
// one is not.
func (h *Handler) sources(rt *Route) []ledger.Source {
	if h.HandOn == nil || !slices.ContainsFunc(rt.News, reachesOne) {
		return rt.News
	}
	return append(slices.Clone(rt.News), ledger.FleetNews)
}
