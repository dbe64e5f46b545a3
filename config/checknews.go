package config

import (
	"slices"
	"strings"
)

// checkWebhooks wants each webhook to have a name of its own, a secret, and
// something that it touches.
func (d *decoder) checkWebhooks(c *Config) {
	names := map[string]string{}
	for i, w := range c.Webhooks {
		at := element("webhooks", i)
		if d.isBad[at] {
			continue
		}
		for _, k := range []string{"name", "touches"} {
			if !d.source.has(at + "." + k) {
				d.report(at, "needs %s", k)
			}
		}
		if !d.source.has(at+".token") && !d.source.has(at+".hmac") {
			d.report(at, "needs a token or an hmac: without one anybody could have everything asked for")
		}
		d.checkUnique(names, at+".name", w.Name)
		d.checkGuessable(at+".token", w.Token)
		d.checkGuessable(at+".hmac", w.HMAC)
	}
}

// checkHints warns of hints about nothing.
func (d *decoder) checkHints(c *Config) {
	if d.isSound("redis_hints") && len(c.Redis) == 0 {
		d.warn("redis_hints", "means nothing: no redis is configured")
	}
}

// checkNews warns of sources that a route names and that nothing can come from:
// it would never be covered.
func (d *decoder) checkNews(c *Config, r *Route, at string) {
	for i, s := range r.News {
		key := element(at+".news", i)
		switch {
		case s == NewsRedis && len(c.Redis) == 0:
			d.warn(key, "never says anything: no redis is configured")
		case s == NewsGitLab && len(c.NewsRedis) == 0:
			d.warn(key, "never says anything: no news_redis is configured")
		case s == NewsWebhook && len(c.Webhooks) == 0:
			d.warn(key, "never says anything: no webhooks are configured")
		case s == NewsWrites && len(r.TouchedBy) == 0:
			d.warn(key, "tells only of writes to the polled path itself: touched_by is not set")
		}
	}
	for i, e := range r.TouchedBy {
		for segment := range strings.SplitSeq(e.Path, "/") {
			if name := nameIn(segment); name != "" && !slices.ContainsFunc(strings.Split(r.Path, "/"), func(s string) bool { return nameIn(s) == name }) {
				d.warn(element(at+".touched_by", i), "has {%s}, and path has not: the request touches more than it changed", name)
			}
		}
	}
}
