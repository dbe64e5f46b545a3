package config

import (
	"crypto/tls"
	"log/slog"
	"math"
	"net/url"
	"time"
)

// keys binds the top level.
func (c *Config) keys() []key {
	return []key{
		{name: "listen", to: scalar(&c.Listen, address()), def: `":8080"`,
			doc: "The front door; clients come here."},
		{name: "admin", to: scalar(&c.Admin, address()), def: `"127.0.0.1:9090"`,
			doc: "Metrics, health, console and rollout; never make it public."},
		{name: "upstream", to: oneOrMore((*[]*url.URL)(&c.Upstream), upstreamURL()), required: true,
			otherwise: "required, here or as --upstream", example: `"http://127.0.0.1:3000"`,
			doc: "The web fleet, one URL or several that are equals. It is asked with the Host that the client asked for. With dns+http and dns+https each address of the name is one of several, with srv+http and srv+https each target of its SRV records; unix:/path is a socket."},
		{name: "endpoints", to: section(endpointKeys(&c.Endpoints)),
			doc: "What upstream comes down to, an address each: how they are found, chosen and watched. The one that has the fewest requests under way is chosen."},
		{name: "trusted_proxies", to: list(&c.TrustedProxies, prefix()), otherwise: "nobody", example: `["127.0.0.0/8", "10.0.0.0/8"]`,
			doc: "Peers whose X-Forwarded-* are believed and extended; those of all others are replaced."},
		{name: "secret", to: scalar(&c.Secret, secret()), otherwise: "one per start", example: `"a long random string"`,
			doc: "The key of every hash of an identity; the same on all instances. Without one, actors keep their rung only until the next start; with redis, the instances derive one from redis and upstream, which is no secret to whoever knows these."},
		{name: "admin_token", to: scalar(&c.AdminToken, secret()), otherwise: "changes from loopback only", example: `"another long random string"`,
			doc: "Bearer token that may change things on the admin listener."},
		{name: "admin_read_token", to: scalar(&c.AdminReadToken, secret()), otherwise: "reading is open", example: `"a third long random string"`,
			doc: "Bearer token that may read the admin listener."},
		{name: "state", to: scalar(&c.State, text("folder", `"/var/lib/pollard"`)), otherwise: "nothing is kept",
			doc: "Folder of what must survive a restart: the rollout and its audit log."},
		{name: "redis", to: oneOrMore(&c.Redis, redisURL()), otherwise: "none", example: `["redis://127.0.0.1:6379/0"]`,
			doc: "The fleet's Redis: one server, nodes of one Cluster (or one, with ?cluster=true), or its Sentinels with the primary's name as path."},
		{name: "redis_hints", to: oneOrMore(&c.RedisHints, redisURL()), otherwise: "redis", example: `["redis://127.0.0.1:6380/0"]`,
			doc: "Another Redis that carries what instances tell each other at once, hints of answers and news that reached one of them, and stores nothing; the same on all instances. While it is away, instances look for themselves, and a route that relies on touch, webhook or writes is not covered by news."},
		{name: "fleet", to: scalar(&c.Fleet, text("name", `"production"`)), def: `"pollard"`,
			doc: "With redis, the instances that belong together: the kill switch and every move of a route are for all of this name, and they share their calls. One of another name, such as a test deployment's, shares nothing with them."},
		{name: "tls", to: section(c.TLS.keys()), otherwise: "cleartext",
			doc: "TLS at the front door."},
		{name: "h2c", to: scalar(&c.H2C, boolean()), def: "false",
			doc: "Accept HTTP/2 with prior knowledge on cleartext (RFC 9113 §3.3)."},
		{name: "upstream_tls", to: section(c.UpstreamTLS.keys()), otherwise: "the system's authorities, no certificate",
			doc: "TLS towards an https upstream."},
		{name: "redis_tls", to: section(c.RedisTLS.keys()), otherwise: "the system's authorities, no certificate",
			doc: "TLS towards redis and news_redis, where their URLs ask for it (rediss, redis+sentinels)."},
		{name: "hit_lane", to: scalar(&c.HitLane, boolean()), def: "true",
			doc: "Answer polls from memory on the connection itself, where it can be, before a request is made of them. Clients see no difference."},
		{name: "limits", to: section(c.Limits.keys()),
			doc: "Bounds of what Pollard holds and waits for. There is none on how long a transfer takes."},
		{name: "drain", to: section(c.Drain.keys()),
			doc: "What happens between the signal to stop and the end."},
		{name: "log", to: section(c.Log.keys()),
			doc: "What is written to standard error."},
		{name: "signs_out", to: list(&c.SignsOut, endpoint()), otherwise: "none",
			doc: "Requests that end a session."},
		{name: "webhooks", to: webhookList{&c.Webhooks}, otherwise: "none",
			doc: "Where other applications tell of changes, as POST /api/v1/webhook/NAME on the admin listener."},
		{name: "news_canary", to: scalar(&c.NewsCanary, canary()), otherwise: "any news will do",
			doc: "A path that something touches again and again by the same way as others: only news of it, and heartbeats, prove that their source is alive. It need be on no route."},
		{name: "news_channel", to: scalar(&c.NewsChannel, text("channel", `"pollard:touch"`)), def: `"pollard:touch"`,
			doc: "The channel of the fleet's Redis that the source redis hears; a message is what POST /api/v1/touch takes."},
		{name: "news_redis", to: oneOrMore(&c.NewsRedis, redisURL()), otherwise: "none", example: `["redis://gitlab-redis:6379/0"]`,
			doc: "The Redis that the source gitlab hears: GitLab's shared state, one server or its Sentinels, with the number of its database. Its notify-keyspace-events must have K and $."},
		{name: "news_organizations", to: list(&c.NewsOrganizations, organization()), otherwise: "none", example: `["default"]`,
			doc: "Organizations of GitLab: what the source gitlab tells of /PATH is told of /o/NAME/PATH too. The other way round needs no names."},
		{name: "routes", to: routeList{&c.Routes}, otherwise: "everything passes through", required: true,
			doc: "The URLs that clients poll; the first route that matches wins. What matches none, and every method but GET and HEAD, passes through untouched."},
	}
}

func (t *TLS) keys() []key {
	return []key{
		{name: "certificate", to: scalar(&t.Certificate, text("file", `"/etc/pollard/tls.crt"`)), otherwise: "cleartext",
			doc: "PEM file of the certificate and its chain, leaf first."},
		{name: "key", to: scalar(&t.Key, text("file", `"/etc/pollard/tls.key"`)), otherwise: "none",
			doc: "PEM file of its private key."},
		{name: "client_ca", to: scalar(&t.ClientCA, text("file", `"/etc/pollard/clients.crt"`)), otherwise: "clients need no certificate",
			doc: "PEM file of authorities; every client must present a certificate that one of them signed."},
		{name: "min_version", to: scalar(&t.MinVersion, tlsVersion()), def: `"1.2"`,
			doc: "The oldest version of TLS that clients may use."},
	}
}

func tlsVersion() kind[uint16] {
	return choice(word[uint16]{text: "1.2", value: tls.VersionTLS12}, word[uint16]{text: "1.3", value: tls.VersionTLS13})
}

func (t *UpstreamTLS) keys() []key {
	return []key{
		{name: "ca", to: scalar(&t.CA, text("file", `"/etc/pollard/upstream-ca.crt"`)), otherwise: "the system's",
			doc: "PEM file of the authorities that may sign the upstream's certificate."},
		{name: "certificate", to: scalar(&t.Certificate, text("file", `"/etc/pollard/upstream.crt"`)), otherwise: "none",
			doc: "PEM file of the certificate that Pollard presents."},
		{name: "key", to: scalar(&t.Key, text("file", `"/etc/pollard/upstream.key"`)), otherwise: "none",
			doc: "PEM file of its private key."},
		{name: "server_name", to: scalar(&t.ServerName, text("host name", `"fleet.example.org"`)), otherwise: "the host of upstream",
			doc: "The name that the upstream's certificate must have."},
		{name: "skip_verify_until", to: scalar(&t.SkipVerifyUntil, moment()), otherwise: "always verified",
			doc: "Break-glass: until this time, at most 24h ahead, the upstream's certificate is not verified, and whoever can stand in between reads everything. It ends by itself."},
	}
}

func (t *ClientTLS) keys() []key {
	return []key{
		{name: "ca", to: scalar(&t.CA, text("file", `"/etc/pollard/redis-ca.crt"`)), otherwise: "the system's",
			doc: "PEM file of the authorities that may sign the server's certificate."},
		{name: "certificate", to: scalar(&t.Certificate, text("file", `"/etc/pollard/redis.crt"`)), otherwise: "none",
			doc: "PEM file of the certificate that Pollard presents."},
		{name: "key", to: scalar(&t.Key, text("file", `"/etc/pollard/redis.key"`)), otherwise: "none",
			doc: "PEM file of its private key."},
		{name: "server_name", to: scalar(&t.ServerName, text("host name", `"redis.example.org"`)), otherwise: "the host that is connected to",
			doc: "The name that the server's certificate must have."},
	}
}

func (l *Limits) keys() []key {
	const never = time.Duration(0)
	return []key{
		{name: "stored_bytes", to: scalar(&l.StoredBytes, size(1<<10, 1<<40)), def: "128MiB",
			doc: "Bytes of all stored answers; beyond it the least recently used goes, one at a time."},
		{name: "documents", to: scalar(&l.Documents, count(1, 100_000_000)), def: "65536",
			doc: "Documents remembered; beyond it the least recently used goes, one at a time."},
		{name: "connections", to: scalar(&l.Connections, count(0, 10_000_000)), def: "0",
			doc: "Open client connections; 0 is unlimited."},
		{name: "watchers", to: scalar(&l.Watchers, count(0, 10_000_000)), def: "10000",
			doc: "Open push subscriptions; 0 is unlimited."},
		{name: "watchers_per_identity", to: scalar(&l.WatchersPerIdentity, count(0, 1_000_000)), def: "100",
			doc: "Open push subscriptions of one identity, or of one address without any; 0 is unlimited."},
		{name: "handshakes", to: scalar(&l.Handshakes, count(0, 1_000_000)), def: "500",
			doc: "New push connections per second; further ones get 503 with Retry-After and poll on. 0 is unlimited."},
		{name: "header_bytes", to: scalar(&l.HeaderBytes, size(1<<10, 16<<20)), def: "64KiB",
			doc: "Bytes of one request's head; longer ones are refused with 431 or 414."},
		{name: "header_timeout", to: scalar(&l.HeaderTimeout, duration(time.Millisecond, time.Hour)), def: "10s",
			doc: "For a request's head to arrive whole; the connection is closed then."},
		{name: "idle_timeout", to: scalar(&l.IdleTimeout, duration(time.Millisecond, day)), def: "75s",
			doc: "Between two requests of one client connection; it is closed then."},
		{name: "stall_timeout", to: scalar(&l.StallTimeout, duration(never, day)), def: "60s",
			doc: "Without one byte of a body moving from or to a client; 0 is no limit."},
		{name: "memory", to: scalar(&l.Memory, size(64<<20, 1<<44)), otherwise: "GOMEMLIMIT, else nine tenths of the control group's limit, else none", example: "1GiB",
			doc: "The budget of the process as a whole. From eight tenths of it on stored answers give way, from nine tenths on new watchers are refused with 503; polls go on."},
		{name: "connections_per_address", to: scalar(&l.ConnectionsPerAddress, count(0, 1_000_000)), def: "0",
			doc: "Open client connections of one address, an IPv6 address standing for its /64; further ones are reset before TLS. Peers in trusted_proxies are never limited; an office behind one address may have thousands. 0 is unlimited."},
		{name: "requests_per_address", to: scalar(&l.RequestsPerAddress, count(0, 1_000_000)), def: "0",
			doc: "Requests per second of one client address, as trusted_proxies has it, an IPv6 address standing for its /64; ten seconds' worth may come at once. Further ones get 429 with Retry-After, and many pages stop polling at that: keep it well above what the users behind one address send. 0 is unlimited."},
		{name: "upgrades_per_address", to: scalar(&l.UpgradesPerAddress, count(0, 1_000_000)), def: "0",
			doc: "WebSockets, other upgrades and event streams per second that one client address begins, as requests_per_address; refused clients poll on. 0 is unlimited."},
		{name: "polls_per_identity", to: scalar(&l.PollsPerIdentity, count(0, 1_000_000)), def: "0",
			doc: "Polls on routes above off per second of one identity, or of one address without any, as requests_per_address. 0 is unlimited."},
		{name: "upstream_in_flight", to: scalar(&l.UpstreamInFlight, count(0, 10_000_000)), def: "10000",
			doc: "Requests that are with the upstream, streams that it sends included and tunnels not; further ones wait for 5s at most and then get 503. 0 is unlimited."},
		{name: "pending_bytes", to: scalar(&l.PendingBytes, size(1<<20, 1<<40)), def: "256MiB",
			doc: "Bytes of documents that are being written to watchers who have yet to take them; others wait meanwhile, 20s at most, and are then told to come back."},
	}
}

func (d *Drain) keys() []key {
	return []key{
		{name: "blackout", to: scalar(&d.Blackout, duration(0, time.Hour)), def: "0s",
			doc: "After readiness has failed, new connections are still accepted this long: as long as balancers take to notice."},
		{name: "spread", to: scalar(&d.Spread, duration(0, time.Hour)), def: "0s",
			doc: "Watchers are sent away over this long at least, not all at once; over half of grace at most."},
		{name: "reconnects", to: scalar(&d.Reconnects, count(1, 1_000_000)), def: "200",
			doc: "Watchers that are told to come back come back at this many per second at most."},
		{name: "grace", to: scalar(&d.Grace, duration(0, day)), def: "30s",
			doc: "After the blackout, for watchers to go and for requests and tunnels in flight to end by themselves; they are cut off then."},
	}
}

func (l *Log) keys() []key {
	return []key{
		{name: "level", to: scalar(&l.Level, logLevel()), def: "info",
			doc: "The least important line that is written."},
		{name: "format", to: scalar(&l.JSON, logFormat()), def: "text",
			doc: "Key=value text, or one JSON object a line."},
		{name: "polls", to: scalar(&l.Polls, boolean()), def: "true",
			doc: "One line for each poll."},
		{name: "sample", to: scalar(&l.Sample, count(1, 1_000_000)), def: "1",
			doc: "Of so many polls one has its line; those that fail, or are answered with a status of 500 or above, always have."},
	}
}

func logLevel() kind[slog.Level] {
	return choice(word[slog.Level]{text: "debug", value: slog.LevelDebug}, word[slog.Level]{text: "info", value: slog.LevelInfo},
		word[slog.Level]{text: "warn", value: slog.LevelWarn}, word[slog.Level]{text: "error", value: slog.LevelError})
}

func logFormat() kind[bool] {
	return choice(word[bool]{text: "text"}, word[bool]{text: "json", value: true})
}

// maxBody is the largest body that a route may be told to store: lengths are
// ints where they are used.
const maxBody = math.MaxInt32
