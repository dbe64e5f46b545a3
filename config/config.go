package config

import (
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"github.com/pollard-proxy/pollard/proxy/forward"
)

// Config is one whole configuration. The zero value is not usable: start from
// [Defaults], [Load] or [Parse], all of which fill in every default.
type Config struct {
	Listen         string           // host:port of the front door
	Admin          string           // host:port of the admin listener
	Upstream       forward.Upstream // nil while nobody has named one
	TrustedProxies []netip.Prefix   // peers whose X-Forwarded-* are believed; none by default
	Routes         []Route          // first match wins

	Secret         Secret // keys every hash of an identity; "" means one per start
	AdminToken     Secret // may change things on the admin listener; "" means nobody from outside loopback
	AdminReadToken Secret // may read the admin listener; "" means everybody who reaches it

	State      string     // folder of what must survive a restart; "" means nothing does
	Redis      []*url.URL // the fleet's Redis; none by default
	RedisHints []*url.URL // where hints are said instead; none by default
	Fleet      string     // the name under which this fleet's rollout is kept there

	NewsRedis   []*url.URL // GitLab's Redis, for news; none by default
	NewsChannel string     // where the fleet's Redis tells of changes

	NewsOrganizations []string // of GitLab, whose pages are also polled as /o/NAME/…

	Endpoints   forward.EndpointOptions // of every upstream
	TLS         TLS
	UpstreamTLS UpstreamTLS
	RedisTLS    ClientTLS // towards redis and news_redis, where their URLs say TLS
	Limits      Limits
	Drain       Drain
	HitLane     bool // polls are answered from memory on the connection itself
	H2C         bool // HTTP/2 with prior knowledge on cleartext (RFC 9113 §3.3)
	Log         Log
	SignsOut    []Endpoint // requests that end a session
	Webhooks    []Webhook  // where other applications tell of changes
	NewsCanary  string     // the path whose news alone prove that their source is alive; "" means any

	// Warnings are what [Parse] found worth saying though nothing is wrong,
	// by line.
	Warnings Problems

	source source

	// What Certificates has read, and what was wrong with it.
	certificates *Certificates
	unread       Problems
}

// TLS is the front door's side of TLS. It is off while Certificate is "".
type TLS struct {
	Certificate string // PEM file, leaf first
	Key         string // PEM file
	ClientCA    string // PEM file; where set, a client must present a certificate that it signed
	MinVersion  uint16 // tls.VersionTLS12 or tls.VersionTLS13
}

// ClientTLS is how a server is spoken to.
type ClientTLS struct {
	CA          string // PEM file of the authorities to trust; "" means the system's
	Certificate string // PEM file that Pollard presents; "" means none
	Key         string // PEM file
	ServerName  string // name to ask for and to verify; "" means the host that is connected to
}

// UpstreamTLS is how an https upstream is spoken to.
type UpstreamTLS struct {
	ClientTLS
	SkipVerifyUntil time.Time // nobody vouches for the upstream until then; zero means somebody always does
}

// Limits are the bounds of what Pollard holds and waits for.
type Limits struct {
	StoredBytes         int64         // bytes of all stored bodies and fields
	Documents           int           // documents remembered
	Connections         int           // open client connections; 0 is unlimited
	Watchers            int           // open push subscriptions; 0 is unlimited
	WatchersPerIdentity int           // open push subscriptions of one identity; 0 is unlimited
	Handshakes          int           // new push connections per second; 0 is unlimited
	HeaderBytes         int64         // bytes of one request's head
	HeaderTimeout       time.Duration // for a request's head to arrive whole
	IdleTimeout         time.Duration // between two requests of one connection
	StallTimeout        time.Duration // without one byte of a body moving; 0 is no limit

	Memory                int64 // bytes of the process as a whole; 0 means as much as it may use
	RequestsPerAddress    int   // requests per second of one address, or /64; 0 is unlimited
	UpgradesPerAddress    int   // upgrades and event streams per second of one address, or /64; 0 is unlimited
	PollsPerIdentity      int   // polls per second of one identity; 0 is unlimited
	ConnectionsPerAddress int   // open client connections of one address, or /64; 0 is unlimited
	UpstreamInFlight      int   // requests that are with the upstream; 0 is unlimited
	PendingBytes          int64 // bytes of bodies that watchers have yet to take
}

// Drain is what happens between the signal to stop and the end.
type Drain struct {
	Blackout   time.Duration // accepting goes on this long after readiness has failed
	Spread     time.Duration // watchers are sent away over this long
	Grace      time.Duration // for what is in flight
	Reconnects int           // watchers sent away come back at most at so many per second
}

// Log is what is written to standard error.
type Log struct {
	Level  slog.Level
	JSON   bool // one object a line instead of text
	Polls  bool // one line for each poll
	Sample int  // of so many polls one has its line; failures always have
}

// Endpoint is a method and a path pattern.
type Endpoint struct {
	Method string // an HTTP method, in capitals
	Path   string // a pattern as [Route] has it
}

// Defaults is the configuration of an empty file: no upstream, no routes.
func Defaults() *Config {
	c := &Config{source: source{lines: map[string]int{}}}
	fillDefaults(c.keys())
	return c
}
