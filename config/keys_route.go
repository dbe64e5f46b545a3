package config

import (
	"net/url"
	"slices"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// keys binds a route.
func (r *Route) keys() []key {
	return slices.Concat(r.matchKeys(), r.paceKeys(), r.answerKeys(), r.identityKeys(), r.rolloutKeys(), r.pushKeys(), r.newsKeys())
}

func (r *Route) matchKeys() []key {
	return []key{
		{name: "name", to: scalar(&r.Name, routeName()), required: true, otherwise: "required", example: "issue_changes",
			doc: "The label in metrics, logs and dashboards."},
		{name: "path", to: scalar(&r.Path, pattern()), required: true, otherwise: "required", example: `"/**/-/issues/{id}/changes"`,
			doc: "The path, after percent-decoding: * is one segment or a part of one, ** any number of segments, {name} a segment with a name or, as a part of one, its letters, digits, _ and -."},
		{name: "stage", to: scalar(&r.Stage, stage()), def: "observe",
			doc: "The rung of the ladder: pass through, measure, coalesce, or coalesce and push."},
		{name: "percent", to: scalar(&r.Percent, percent()), def: "100",
			doc: "The share of actors on this rung; the others stand one rung lower."},
		{name: "share", to: scalar(&r.Share, share()), def: "nothing",
			doc: "What may be shared between different identities: nothing; the news that something changed; under verified, between those whom the upstream has given the same bytes, the news that nothing did; or everything, which says that the route is public."},
		{name: "upstream", to: oneOrMore((*[]*url.URL)(&r.Upstream), upstreamURL()), otherwise: "that of everything else", example: `["http://10.0.0.1:3000", "http://10.0.0.2:3000"]`,
			doc: "Where requests to path go, whatever their method; as upstream at the top level."},
		{name: "store_private", to: scalar(&r.StorePrivate, boolean()), def: "false",
			doc: "Documents of one identity are shared by the instances of a fleet, too: in redis, encrypted with secret, for polls of the same identity alone. Only with share: nothing."},
	}
}

func stage() kind[rollout.Stage] {
	var words []word[rollout.Stage]
	for s := rollout.Off; s <= rollout.Push; s++ {
		words = append(words, word[rollout.Stage]{text: s.String(), value: s})
	}
	return choice(words...)
}

func share() kind[Share] {
	return choice(
		word[Share]{text: "nothing", value: ShareNothing},
		word[Share]{text: "changes", value: ShareChanges},
		word[Share]{text: "verified", value: ShareVerified},
		word[Share]{text: "everything", value: ShareEverything})
}

func (r *Route) paceKeys() []key {
	pace := duration(time.Millisecond, day)
	return []key{
		{name: "interval", to: scalar(&r.Interval, orAuto(pace)), otherwise: "the upstream's Poll-Interval, else 5s", example: "3s",
			doc: "Between two upstream calls for one document. With auto each document finds its own, no shorter than the upstream's or else min_interval: often after a change, ever more seldom while nothing changes."},
		{name: "staleness", to: scalar(&r.Staleness, pace), def: "3s",
			doc: "With interval: auto, 95 % of the route's changes are to be seen within this."},
		{name: "min_interval", to: scalar(&r.MinInterval, pace), otherwise: "the smaller of 1s and interval", example: "1s",
			doc: "The least interval, whatever the upstream says."},
		{name: "max_interval", to: scalar(&r.MaxInterval, pace), otherwise: "the larger of 60s and interval", example: "60s",
			doc: "The greatest interval, whatever the upstream says."},
		{name: "stretch", to: scalar(&r.Stretch, duration(0, day)), def: "0s",
			doc: "The least Poll-Interval that clients are told; 0 tells them the upstream's."},
	}
}

func (r *Route) answerKeys() []key {
	return []key{
		{name: "timeout", to: scalar(&r.Timeout, duration(time.Millisecond, day)), def: "30s",
			doc: "For the upstream to answer a poll."},
		{name: "max_body", to: scalar(&r.MaxBody, size(1, maxBody)), def: "1MiB",
			doc: "The largest body that is stored; larger ones are streamed."},
		{name: "stale_if_error", to: scalar(&r.StaleIfError, duration(0, 30*day)), def: "0s",
			doc: "The last good answer covers for a failing upstream this long; 0 is never."},
		{name: "etag", to: scalar(&r.BodyETag, choice(word[bool]{text: "upstream"}, word[bool]{text: "body", value: true})), def: "upstream",
			doc: "Where entity tags come from: the upstream alone, or computed from the body where the upstream sends none."},
		{name: "audit", to: scalar(&r.Audit, duration(time.Millisecond, day)), def: "60s",
			doc: "A stored body is given out only this long after the upstream gave that identity a full answer; a run of 304 is checked unconditionally every ten of these."},
	}
}

func (r *Route) identityKeys() []key {
	return []key{
		{name: "identity", to: list(&r.Identity, header()), otherwise: "none more", example: "[X-Tenant-Token]",
			doc: "Request headers that also carry a credential, beside Authorization, Cookie, PRIVATE-TOKEN, JOB-TOKEN, DEPLOY-TOKEN and the client certificate."},
		{name: "variant", to: list(&r.Variant, header()), otherwise: "none more", example: "[X-Requested-Theme]",
			doc: "Request headers that also select the representation, beside Accept, Accept-Encoding, Accept-Language, X-Requested-With, a foreign Origin, and what Vary names."},
		{name: "ignore", to: list(&r.Ignore, header()), otherwise: "none more", example: "[X-Page-Load-Id]",
			doc: "Request headers that are harmless, beside those known to be. A poll with a header that is neither known nor declared passes through. Cache-Control and Pragma may be named, to coalesce polls that say no-cache."},
		{name: "ignore_cookies", to: list(&r.IgnoreCookies, cookies()), otherwise: "none",
			doc: "Cosmetic cookies that are no part of the identity; never name one that a session hangs on."},
		{name: "ignore_query", to: list(&r.IgnoreQuery, parameter()), otherwise: "none",
			doc: "Query parameters that are no part of the key, such as cache busters."},
	}
}

func (r *Route) rolloutKeys() []key {
	return []key{
		{name: "actor_header", to: scalar(&r.ActorHeader, header()), otherwise: "see actor_cookie", example: "X-User-Id",
			doc: "The request header that names the actor, whose share percent is of."},
		{name: "actor_cookie", to: scalar(&r.ActorCookie, cookie()), otherwise: "a hash of the identity, else the client's address",
			doc: "The cookie that names the actor, where actor_header is not set or not sent."},
		{name: "flag", to: scalar(&r.Flag, text("name", "pollard_issue_changes")), otherwise: "pollard_ and the route's name",
			doc: "Hashed with the actor: routes with one flag choose the same actors."},
		{name: "allow", to: list(&r.Allow, text("actor", `"User:42"`)), otherwise: "nobody",
			doc: "Actors on the rung whatever percent says."},
		{name: "deny", to: list(&r.Deny, text("actor", `"User:43"`)), otherwise: "nobody",
			doc: "Actors one rung lower whatever allow and percent say."},
		{name: "holdout", to: scalar(&r.Holdout, percent()), otherwise: "1 where there is a secret, else 0", example: "1",
			doc: "The share of actors that is kept at observe to compare with, drawn apart from percent."},
		{name: "autopilot", to: scalar(&r.Autopilot, boolean()), def: "false",
			doc: "Pollard raises percent by itself, 1, 5, 25, 50, 100, while every guard passes. A guard that fails steps a route down with or without."},
		{name: "check", to: scalar(&r.Check, percent()), otherwise: "0.1 while the route is on trial: percent below 100, holdout, autopilot, or moved while running; else 0", example: "0.1",
			doc: "The share of what is given from memory or pushed that is compared, afterwards, with what the upstream says to the same client. On trial at least one a second until there are 200, but no more than one for 100 answers."},
	}
}

func (r *Route) pushKeys() []key {
	return []key{
		{name: "lease", to: scalar(&r.Lease, duration(time.Second, day)), def: "60s",
			doc: "How long the permission of a watcher is believed, and under share: verified that of everyone, until the upstream is asked unconditionally."},
		{name: "deliver", to: scalar(&r.Deliver, choice(
			word[Deliver]{text: "document", value: DeliverDocument},
			word[Deliver]{text: "signal", value: DeliverSignal})), def: "document",
			doc: "What watchers are sent: the new document, or word that there is one."},
		{name: "signal_budget", to: scalar(&r.SignalBudget, count(1, 1_000_000)), def: "100",
			doc: "Upstream requests per second that a signal may cause."},
		{name: "poll_headers", to: fieldMap{&r.PollHeaders}, otherwise: "Accept: application/json, text/plain, */* and X-Requested-With: XMLHttpRequest",
			doc: "Request headers of a subscription that no poll came before."},
		{name: "origins", to: list(&r.Origins, origin()), otherwise: "the page's own",
			doc: "Further origins whose pages may subscribe."},
	}
}

func (r *Route) newsKeys() []key {
	return []key{
		{name: "touched_by", to: list(&r.TouchedBy, endpoint()), otherwise: "none", example: `["PUT /**/-/issues/{id}*"]`,
			doc: "Requests that change this route's documents, once they are answered 2xx or 3xx; {name} and ** stand for the same in path. A wildcard of path that they do not fill has every document looked at. What a write names itself (RFC 9111 §4.4) needs no listing."},
		{name: "news", to: list(&r.News, newsSource()), otherwise: "none",
			doc: "Sources of changes that cover this route: while all are alive, documents are asked for on news and every safety_interval. touch and webhook are alive while they say something, writes as long as Pollard is, redis and gitlab while a canary of their own comes round."},
		{name: "news_timeout", to: scalar(&r.NewsTimeout, duration(time.Second, day)), def: "60s",
			doc: "How long after its last sign a source is believed alive."},
		{name: "safety_interval", to: scalar(&r.SafetyInterval, duration(time.Second, day)), def: "60s",
			doc: "Between two upstream calls for one document while every source is alive."},
	}
}

func newsSource() kind[News] {
	var words []word[News]
	for _, n := range []News{NewsTouch, NewsWrites, NewsWebhook, NewsRedis, NewsGitLab} {
		words = append(words, word[News]{text: string(n), value: n})
	}
	return choice(words...)
}
