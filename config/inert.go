package config

import (
	"regexp"

	"github.com/pollard-proxy/pollard/rollout"
)

// inert returns the keys that are accepted and checked, so that a configuration
// can be written ahead of the version that heeds them, and have no effect in
// this one; and what they are waiting for.
func inert() map[string]string {
	const push, persistence, fleet, news = "push", "a rollout that is kept", "a fleet that shares", "news"
	return map[string]string{
		"limits.watchers":          push,
		"drain.blackout":           push,
		"drain.spread":             push,
		"signs_out":                push,
		"routes[].lease":           push,
		"routes[].deliver":         push,
		"routes[].signal_budget":   push,
		"routes[].origins":         push,
		"routes[].poll_headers":    push,
		"state":                    persistence,
		"routes[].holdout":         persistence,
		"routes[].autopilot":       persistence,
		"redis":                    fleet,
		"routes[].touched_by":      news,
		"routes[].news":            news,
		"routes[].news_timeout":    news,
		"routes[].safety_interval": news,
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
	for i, r := range c.Routes {
		if r.Stage == rollout.Push {
			d.warn(element("routes", i)+".stage", "coalesces in this version; push comes with a later one")
		}
	}
}
