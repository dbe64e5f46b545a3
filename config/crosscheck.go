package config

import (
	"slices"

	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
)

// crossCheck reports keys that are sound by themselves and contradict others.
func (d *decoder) crossCheck(c *Config) {
	d.checkPair("tls")
	d.checkPair("upstream_tls")
	d.checkPair("redis_tls")
	d.checkUpstream("upstream", c.Upstream)
	d.checkSecrets(c)
	d.checkDrain(c)
	d.checkWebhooks(c)
	d.checkHints(c)
	names, paths := map[string]string{}, map[string]string{}
	for i := range c.Routes {
		r, at := &c.Routes[i], element("routes", i)
		if d.isBad[at] {
			continue
		}
		d.checkRequired(at)
		d.checkUpstream(at+".upstream", r.Upstream)
		d.checkUnique(names, at+".name", r.Name)
		d.checkHidden(paths, at+".path", r.Path)
		d.checkIntervals(r, at)
		d.checkHeaders(r, at)
		d.checkPercent(r, at)
		d.checkPrivate(c, r, at)
		d.checkNews(c, r, at)
	}
}

// checkPair wants a certificate and its key, or neither.
func (d *decoder) checkPair(at string) {
	certificate, key := at+".certificate", at+".key"
	switch hasCertificate, hasKey := d.source.has(certificate), d.source.has(key); {
	case hasCertificate && !hasKey:
		d.report(certificate, "needs %s beside it", key)
	case hasKey && !hasCertificate:
		d.report(key, "needs %s beside it", certificate)
	}
	if at == "tls" && d.source.has("tls.client_ca") && !d.source.has(certificate) {
		d.report("tls.client_ca", "needs %s: client certificates come with TLS alone", certificate)
	}
}

// checkUpstream wants at least one URL where there may be several.
func (d *decoder) checkUpstream(at string, u forward.Upstream) {
	if d.isSound(at) && len(u) == 0 {
		d.report(at, "is an empty list; want at least one URL")
	}
}

// checkDrain warns of a spread that cannot be kept.
func (d *decoder) checkDrain(c *Config) {
	if d.isSound("drain.spread") && c.Drain.Spread > c.Drain.Grace/2 {
		d.warn("drain.spread", "is longer than half of drain.grace, which bounds it")
	}
}

// checkSecrets warns of secrets that can be guessed. It says how long they
// should be, never how long they are.
func (d *decoder) checkSecrets(c *Config) {
	for key, s := range map[string]Secret{"secret": c.Secret, "admin_token": c.AdminToken, "admin_read_token": c.AdminReadToken} {
		d.checkGuessable(key, s)
	}
}

// enough is how many characters no secret should be shorter than.
const enough = 16

func (d *decoder) checkGuessable(key string, s Secret) {
	if d.isSound(key) && len(s) < enough {
		d.warn(key, "can be guessed; want at least %d random characters", enough)
	}
}

func (d *decoder) checkRequired(at string) {
	for _, k := range []string{"name", "path"} {
		if !d.source.has(at + "." + k) {
			d.report(at, "needs a %s", k)
		}
	}
}

func (d *decoder) checkUnique(before map[string]string, key, name string) {
	if !d.isSound(key) {
		return
	}
	if other, isTaken := before[name]; isTaken {
		d.report(key, "duplicate name %s; line %d has it already", shown(name, false), d.source.line(other))
		return
	}
	before[name] = key
}

// checkHidden warns of a route that an earlier one leaves nothing to.
func (d *decoder) checkHidden(before map[string]string, key, path string) {
	if !d.isSound(key) {
		return
	}
	for _, hiding := range []string{path, "/**"} {
		if other, isHidden := before[hiding]; isHidden {
			d.warn(key, "is never reached: the path on line %d matches first", d.source.line(other))
			return
		}
	}
	before[path] = key
}

func (d *decoder) checkIntervals(r *Route, at string) {
	interval, least, greatest := at+".interval", at+".min_interval", at+".max_interval"
	switch {
	case d.isSound(least, greatest) && r.MinInterval > r.MaxInterval:
		d.report(least, "is above max_interval, %s", showDuration(r.MaxInterval))
	case d.isSound(interval, least) && r.Interval < r.MinInterval:
		d.report(interval, "is below min_interval, %s", showDuration(r.MinInterval))
	case d.isSound(interval, greatest) && r.Interval > r.MaxInterval:
		d.report(interval, "is above max_interval, %s", showDuration(r.MaxInterval))
	}
}

// checkHeaders refuses declarations under which users would be given one
// another's answers, or nobody would share any.
func (d *decoder) checkHeaders(r *Route, at string) {
	for i, name := range r.Identity {
		if name == "X-Csrf-Token" || name == "X-Xsrf-Token" {
			d.report(element(at+".identity", i), "changes with every page, so that no two polls would be identical; it is known to be harmless")
		}
	}
	for i, name := range r.Ignore {
		key := element(at+".ignore", i)
		switch {
		case classOf(name) == credential:
			d.report(key, "carries a credential: users would be given one another's answers")
		case classOf(name) == variant:
			d.report(key, "selects the representation: clients would be given what they did not ask for")
		case slices.Contains(r.Identity, name):
			d.report(key, "is in identity too; a header carries a credential or is harmless, not both")
		case slices.Contains(r.Variant, name):
			d.report(key, "is in variant too; a header selects the representation or is harmless, not both")
		}
	}
}

func (d *decoder) checkPercent(r *Route, at string) {
	if d.isSound(at+".percent", at+".stage") && r.Stage == rollout.Off && r.Percent != 0 {
		d.warn(at+".percent", "means nothing at stage off: there is no rung below")
	}
}
