package main

import (
	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/rollout"
)

// routes turns the configuration's words into the proxy's.
func routes(c *config.Config) []proxy.RouteOptions {
	options := make([]proxy.RouteOptions, len(c.Routes))
	for i, r := range c.Routes {
		options[i] = proxy.RouteOptions{
			Name: r.Name, Path: r.Path,
			Rollout: rollout.Policy{
				Stage: r.Stage, Percent: r.Percent, Flag: r.Flag, Allow: set(r.Allow), Deny: set(r.Deny),
			},
			ActorHeader: r.ActorHeader, ActorCookie: r.ActorCookie,
			Policy: coalescer.Policy{
				Share:    share(r.Share),
				Interval: r.Interval, MinInterval: r.MinInterval, MaxInterval: r.MaxInterval,
				Timeout: r.Timeout, MaxBody: r.MaxBody, StaleIfError: r.StaleIfError,
				Audit: r.Audit, TagFromBody: r.BodyETag,
			},
			Identity: r.Identity, Variant: r.Variant, Ignore: r.Ignore,
			IgnoreCookies: r.IgnoreCookies, IgnoreQuery: r.IgnoreQuery,
			Stretch: r.Stretch,
		}
	}
	return options
}

func share(s config.Share) coalescer.Share {
	switch s {
	case config.ShareChanges:
		return coalescer.Changes
	case config.ShareEverything:
		return coalescer.Everything
	}
	return coalescer.Nothing
}

func set(names []string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}
