package proxy

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout"
)

// RouteOptions is a route as the operator wants it.
type RouteOptions struct {
	Name string // label in metrics and logs
	Path string // pattern, see contract: `*` one segment, `**` any number

	Rollout     rollout.Policy
	ActorHeader string // request field that names the actor
	ActorCookie string // cookie that names the actor

	Policy coalescer.Policy

	Upstream string // by its name, of requests of any method to Path; "" is that of everything else

	Identity      []string // further request fields that carry a credential
	Variant       []string // further request fields that select the representation
	Ignore        []string // further request fields that are harmless
	IgnoreCookies []string // cookies that say nothing of who asks; a trailing * stands for any ending
	IgnoreQuery   []string // query parameters that are no part of the key

	Origins      []string    // further origins whose pages may subscribe, as scheme://host[:port]
	PollHeaders  http.Header // fields of a poll that a socket cannot carry, where no poll was seen
	SignalBudget int         // where not 0, watchers are told that something changed, and may ask so many times per second in all

	Check       rollout.Percent // share of what is given from memory that is checked with upstream
	TouchedBy   []Endpoint      // requests that change this route's documents; names in both patterns stand for the same
	News        []ledger.Source // while all of these are alive, documents are asked for on news and every SafetyInterval
	NewsTimeout time.Duration   // a source is believed alive this long after its last sign

	Stretch time.Duration // the least Poll-Interval that clients are told; 0 leaves upstream's
}

// SameDocuments reports whether what is held of the documents of o would be given
// out by the rules of other.
func (o *RouteOptions) SameDocuments(other *RouteOptions) bool { return o.rules() == other.rules() }

// rules returns a hash of all that decides who may be given whose answer. Under
// other rules the documents are others: what a careless route has mixed up is
// gone as soon as a reload has mended it.
func (o *RouteOptions) rules() string {
	said := fmt.Appendf(nil, "%q %v %q %q %q %q %q",
		o.Name, o.Policy.Share, o.Identity, o.Variant, o.Ignore, o.IgnoreCookies, o.IgnoreQuery)
	if o.Upstream != "" { // another's documents are others
		said = fmt.Appendf(said, " %q", o.Upstream)
	}
	sum := sha256.Sum256(said)
	return string(sum[:])
}

// Route is a set of URLs that clients poll.
type Route struct {
	RouteOptions
	live        *coalescer.Route
	trial       *trial // nil where nothing is judged
	judgedSince uint32 // which beginning of the trial it belongs to
	rules       string // who may share what, as a fingerprint: part of every key
	pattern     pattern
	audience    audience
	variant     []string         // fields that are always in the key, sorted
	declared    map[string]class // what the route says of fields
}

func newRoute(o RouteOptions, counts *ledger.Route) (*Route, error) {
	p, err := parsePattern(o.Path)
	if err != nil {
		return nil, fmt.Errorf("route %s: %w", o.Name, err)
	}
	if name := o.ActorHeader; name != "" && classify(name) == unknown && !slices.Contains(slices.Concat(o.Variant, o.Ignore), name) {
		o.Identity = append(slices.Clone(o.Identity), name) // it says who asks
	}
	rt := &Route{
		RouteOptions: o,
		rules:        o.rules(),
		pattern:      p,
		audience:     newAudience(o.Identity, o.IgnoreCookies),
		variant:      slices.Concat(variantFields, o.Variant),
		declared:     make(map[string]class),
	}
	slices.Sort(rt.variant)
	rt.variant = slices.Compact(rt.variant)
	for c, names := range map[class][]string{harmless: o.Ignore, variant: o.Variant, credential: o.Identity} {
		for _, name := range names {
			rt.declared[name] = c
		}
	}
	counts.Interval(o.Policy.Interval)
	rt.live = &coalescer.Route{Policy: o.Policy, Name: o.Name, Counts: counts, Keyed: rt.keyed, SaysWho: rt.saysWho, Coverage: &coalescer.Coverage{}}
	return rt, nil
}

// classOf says what a request field means on this route. What upstream varies
// on selects the representation, whatever else it does.
func (rt *Route) classOf(name string) class {
	c := rt.statedClass(name)
	if c == unknown && slices.Contains(rt.live.Vary(), name) {
		return variant
	}
	return c
}

// statedClass leaves out what was learnt. What the route declares can make a
// field more careful, never less: a credential stays one.
func (rt *Route) statedClass(name string) class {
	c := classify(name)
	if declared, ok := rt.declared[name]; ok && (c == unknown || c == harmless || declared == credential) {
		return declared
	}
	return c
}

// keyed reports whether a field is always in the keys of this route. Under
// share: everything who asks is not, so an answer that varies on a credential
// falls back to one document each.
func (rt *Route) keyed(name string) bool {
	if slices.Contains(rt.variant, name) {
		return true
	}
	return rt.Policy.Share != coalescer.Everything && slices.Contains(rt.audience.fields, name)
}

// saysWho reports whether a field is a part of the identity.
func (rt *Route) saysWho(name string) bool {
	return slices.Contains(rt.audience.fields, name) || classify(name) == credential
}

// query returns the part of a raw query that is in the key, its "?" included. A
// query of which nothing is left is none.
func (rt *Route) query(raw string) string {
	pairs, ok := strings.CutPrefix(raw, "?")
	if !ok || pairs == "" || len(rt.IgnoreQuery) == 0 {
		return raw
	}
	var kept []string
	for pair := range strings.SplitSeq(pairs, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if !slices.Contains(rt.IgnoreQuery, name) {
			kept = append(kept, pair)
		}
	}
	if len(kept) == 0 {
		return ""
	}
	return "?" + strings.Join(kept, "&")
}

// ignores reports whether the route declares a field harmless.
func (rt *Route) ignores(name string) bool { return rt.declared[name] == harmless }

// table is the routes in force, swapped as a whole.
type table struct {
	routes     []*Route
	audiences  []*audience // each way to tell identities that some route has
	signOuts   []endpoint
	writeRules []writeRule // what requests change
	pushes     bool        // some route is at stage push
	diverts    bool        // some route has an upstream of its own
	origins    []string    // that some such route allows
}

// newTable compiles routes. What routes of the same name had learnt stays
// known.
func newTable(options []RouteOptions, old *table, led *ledger.Ledger) (*table, error) {
	t := &table{}
	for _, o := range options {
		rt, err := newRoute(o, led.Route(o.Name))
		if err != nil {
			return nil, err
		}
		if before := old.named(o.Name); before != nil {
			rt.live.Inherit(before.live)
		}
		t.routes = append(t.routes, rt)
		t.diverts = t.diverts || o.Upstream != ""
		rules, err := newWriteRules(rt)
		if err != nil {
			return nil, err
		}
		t.writeRules = append(t.writeRules, rules...)
		if o.Rollout.Stage == rollout.Push {
			t.pushes = true
			t.origins = append(t.origins, o.Origins...)
		}
		if !slices.ContainsFunc(t.audiences, rt.audience.equal) {
			t.audiences = append(t.audiences, &rt.audience)
		}
	}
	return t, nil
}

func (t *table) named(name string) *Route {
	if t == nil {
		return nil
	}
	for _, rt := range t.routes {
		if rt.Name == name {
			return rt
		}
	}
	return nil
}

// match returns the first route that covers a raw path; nil if there is none.
func (t *table) match(path string) *Route {
	segments := split(path)
	if segments == nil {
		return nil
	}
	for _, rt := range t.routes {
		if rt.pattern.matches(segments) {
			return rt
		}
	}
	return nil
}

// upstream returns the name of where an exchange goes, be it a poll or not.
func (t *table) upstream(x *exchange) string {
	rt := x.route
	if rt == nil && t.diverts {
		rt = t.match(x.path)
	}
	if rt == nil {
		return ""
	}
	return rt.Upstream
}

// isPolled reports whether a request can be a poll at all: a GET or HEAD that
// wants an answer, not a stream or a tunnel.
func isPolled(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	return len(r.Header["Upgrade"]) == 0 && !strings.Contains(strings.Join(r.Header["Accept"], ","), "text/event-stream")
}

// tables is the swap.
type tables = atomic.Pointer[table]
