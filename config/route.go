package config

import (
	"time"

	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
)

// Route is a set of URLs that clients poll, and how their polls are answered.
type Route struct {
	Name     string           // label in metrics and logs: [a-z0-9_]+, at most 64 bytes, never "other", unique
	Path     string           // pattern: * is one segment or a part of one, ** any number of segments, {name} a named one
	Stage    rollout.Stage    // rung of the ladder
	Percent  rollout.Percent  // share of actors on that rung
	Upstream forward.Upstream // of requests to Path; nil is that of everything else
	Share    Share            // what may be shared between different identities
	// StorePrivate has the fleet share documents of one identity, each with itself. It
	// comes with a secret, and with ShareNothing.
	StorePrivate bool

	Interval     time.Duration // between two upstream calls, where the upstream does not say
	Auto         bool          // interval: auto
	Staleness    time.Duration // with Auto, 95 % of changes are to be seen within
	MinInterval  time.Duration // at most Interval
	MaxInterval  time.Duration // at least Interval
	Stretch      time.Duration // least Poll-Interval that clients are told; 0 tells them the upstream's
	Timeout      time.Duration // for the upstream to answer
	MaxBody      int64         // bytes; larger bodies are streamed and not stored
	StaleIfError time.Duration // the last good answer covers for a failing upstream; 0 is never
	BodyETag     bool          // an entity tag is computed from the body where the upstream sends none
	Audit        time.Duration // a stored body is given out only this long after a full answer to its identity

	Identity      []string // request header names, canonical, that also carry a credential
	Variant       []string // request header names, canonical, that also select the representation
	Ignore        []string // request header names, canonical, that are harmless
	IgnoreCookies []string // cookie names that are no part of the key; a trailing * stands for any rest
	IgnoreQuery   []string // query parameter names that are no part of the key

	ActorHeader string          // request header that names the actor; "" means none
	ActorCookie string          // cookie that names the actor; "" means none
	Flag        string          // name that is hashed with the actor; "pollard_" and Name by default
	Allow       []string        // actors on the rung whatever the percentage
	Deny        []string        // actors never on the rung; beats Allow
	Holdout     rollout.Percent // share of actors kept at observe; 1 % by default where there is a secret
	Autopilot   bool
	Check       rollout.Percent // share of what is given from memory that is checked with upstream
	CheckSet    bool            // the file says so

	Lease          time.Duration     // a watcher's permission is believed this long
	Deliver        Deliver           // what watchers are sent
	SignalBudget   int               // upstream requests per second that a signal may cause
	PollHeaders    map[string]string // fields that a socket cannot carry, by canonical name; nil means the usual two
	Origins        []string          // further origins that may subscribe, as scheme://host[:port]
	TouchedBy      []Endpoint        // requests that change the documents of this route
	News           []News            // sources of changes that cover this route
	NewsTimeout    time.Duration     // a source is believed alive this long after its last sign
	SafetyInterval time.Duration     // between two upstream calls while every source is alive
}

// Share is what may be shared between two identities. The values are the words
// of the configuration.
type Share string

// The degrees, from the safest up.
const (
	ShareNothing    Share = "nothing"    // each identity has its own documents
	ShareChanges    Share = "changes"    // only the news that something changed
	ShareVerified   Share = "verified"   // that nothing changed, between those who were given the same bytes
	ShareEverything Share = "everything" // the body: the operator says that it is public
)

// Deliver is what a watcher is sent when a document changes.
type Deliver string

// The kinds of delivery.
const (
	DeliverDocument Deliver = "document" // the new representation
	DeliverSignal   Deliver = "signal"   // word that there is one, to be fetched
)

// News is a source of changes.
type News string

// The sources that a route may name.
const (
	NewsTouch   News = "touch"
	NewsWrites  News = "writes"
	NewsWebhook News = "webhook"
	NewsRedis   News = "redis"
	NewsGitLab  News = "gitlab"
)

// defaultInterval is the distance between two upstream calls of a route where
// neither the upstream nor the configuration says.
const defaultInterval = 5 * time.Second

// The bounds of the interval that hold where the route sets none, and where its
// interval does not lie outside them.
const (
	defaultMinInterval = time.Second
	defaultMaxInterval = time.Minute
)

// newRoute is a route of which every key but name and path has its default.
func newRoute() Route {
	var r Route
	fillDefaults(r.keys())
	return r
}

// derive fills in the defaults that depend on other keys. An interval that the
// operator did not set gives way to the bounds that they did.
func (r *Route) derive() {
	if r.Interval == auto {
		r.Auto, r.Interval = true, max(defaultMinInterval, r.MinInterval)
		if r.MaxInterval > 0 {
			r.Interval = min(r.Interval, r.MaxInterval)
		}
	}
	if r.Interval == 0 {
		r.Interval = defaultInterval
		if r.MaxInterval > 0 {
			r.Interval = min(r.Interval, r.MaxInterval)
		}
		r.Interval = max(r.Interval, r.MinInterval)
	}
	if r.MinInterval == 0 {
		r.MinInterval = min(defaultMinInterval, r.Interval)
	}
	if r.MaxInterval == 0 {
		r.MaxInterval = max(defaultMaxInterval, r.Interval)
	}
	if r.Flag == "" {
		r.Flag = "pollard_" + r.Name
	}
}

// defaultHoldout is the share of actors that a route keeps at observe where the
// draw is the same on all instances and after every start.
const defaultHoldout rollout.Percent = 1000

// holdOut fills in the holdout of routes that set none. Without a secret each
// start would draw others, and compare nothing.
func (d *decoder) holdOut(c *Config) {
	for i := range c.Routes {
		if c.Secret != "" && !d.source.has(element("routes", i)+".holdout") {
			c.Routes[i].Holdout = defaultHoldout
		}
		c.Routes[i].CheckSet = d.source.has(element("routes", i) + ".check")
	}
}
