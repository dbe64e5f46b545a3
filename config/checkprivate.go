package config

// checkPrivate refuses documents of one identity in Redis where they could not be
// encrypted, or could be by anybody; and under rules of sharing that rest on what
// this instance has seen itself.
func (d *decoder) checkPrivate(c *Config, r *Route, at string) {
	key := at + ".store_private"
	if !r.StorePrivate || !d.isSound(key) {
		return
	}
	switch {
	case !d.source.has("secret"):
		d.report(key, `needs a secret, with which documents are encrypted in Redis: set secret at the top, the same on all instances, such as secret: "${POLLARD_SECRET}"`)
	case d.isSound("secret") && len(c.Secret) < enough:
		d.report(key, "needs a secret that cannot be guessed, with which documents are encrypted in Redis; want at least %d random characters", enough)
	case r.Share != ShareNothing:
		d.report(key, "goes with share: nothing alone; under share: %s take it out", r.Share)
	case len(c.Redis) == 0:
		d.warn(key, "means nothing: no redis is configured")
	}
}
