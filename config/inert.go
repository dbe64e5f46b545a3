package config

import (
	"regexp"
)

// inert returns the keys that are accepted and checked, so that a configuration
// can be written ahead of the version that heeds them, and have no effect in
// this one; and what they are waiting for.
func inert() map[string]string {
	const draining = "draining in stages"
	return map[string]string{
		"drain.blackout": draining,
		"drain.spread":   draining,
	}
}

// warnInert warns of every key in the file that has no effect in this version.
func (d *decoder) warnInert(c *Config) {
	index, waiting := regexp.MustCompile(`\[\d+\]`), inert()
	for key := range d.source.lines {
		if feature := waiting[index.ReplaceAllString(key, "[]")]; feature != "" {
			d.warn(key, "has no effect in this version; %s comes with a later one", feature)
		}
	}
}
