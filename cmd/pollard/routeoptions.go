package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/proxy/admin"
	"github.com/pollard-proxy/pollard/rollout"
)

// routes turns the configuration's words into the proxy's.
func routes(c *config.Config) []proxy.RouteOptions {
	options := make([]proxy.RouteOptions, len(c.Routes))
	for i, r := range c.Routes {
		options[i] = proxy.RouteOptions{
			Name: r.Name, Path: r.Path,
			Rollout: rollout.Policy{
				Stage: r.Stage, Percent: r.Percent, Holdout: r.Holdout, Flag: r.Flag, Allow: set(r.Allow), Deny: set(r.Deny),
			},
			ActorHeader: r.ActorHeader, ActorCookie: r.ActorCookie,
			Policy: coalescer.Policy{
				Share: share(r.Share), StorePrivate: r.StorePrivate,
				Interval: r.Interval, MinInterval: r.MinInterval, MaxInterval: r.MaxInterval,
				Staleness: budget(r), Timeout: r.Timeout, MaxBody: r.MaxBody, StaleIfError: r.StaleIfError,
				Audit: r.Audit, TagFromBody: r.BodyETag, Lease: r.Lease, SafetyInterval: r.SafetyInterval,
			},
			Upstream: r.Upstream.String(),
			Identity: r.Identity, Variant: r.Variant, Ignore: r.Ignore,
			IgnoreCookies: r.IgnoreCookies, IgnoreQuery: r.IgnoreQuery,
			Origins: r.Origins, PollHeaders: pollHeaders(r.PollHeaders), SignalBudget: signalBudget(r),
			TouchedBy: endpoints(r.TouchedBy), News: newsSources(r.News), NewsTimeout: r.NewsTimeout,
			Stretch: r.Stretch,
		}
	}
	return options
}

// budget is 0 where documents keep the route's interval.
func budget(r config.Route) time.Duration {
	if r.Auto {
		return r.Staleness
	}
	return 0
}

// pollHeaders are the fields of a poll that nobody has seen yet: those of the
// scripts that most pages poll with, unless the route says otherwise.
func pollHeaders(fields map[string]string) http.Header {
	if fields == nil {
		fields = map[string]string{"Accept": "application/json, text/plain, */*", "X-Requested-With": "XMLHttpRequest"}
	}
	h := http.Header{}
	for name, value := range fields {
		h.Set(name, value)
	}
	return h
}

// signalBudget is 0 where watchers are sent the document itself.
func signalBudget(r config.Route) int {
	if r.Deliver == config.DeliverSignal {
		return r.SignalBudget
	}
	return 0
}

func signOuts(c *config.Config) []proxy.Endpoint { return endpoints(c.SignsOut) }

func endpoints(list []config.Endpoint) []proxy.Endpoint {
	var endpoints []proxy.Endpoint
	for _, e := range list {
		endpoints = append(endpoints, proxy.Endpoint(e))
	}
	return endpoints
}

// newsSources are called alike in the configuration and in metrics.
func newsSources(news []config.News) []ledger.Source {
	var sources []ledger.Source
	for _, n := range news {
		sources = append(sources, ledger.Source(n))
	}
	return sources
}

// access is who may do what on the admin listener.
func access(c *config.Config) admin.Access {
	return admin.Access{Token: string(c.AdminToken), ReadToken: string(c.AdminReadToken), Webhooks: webhooks(c)}
}

// webhooks turns the configuration's words into the admin listener's. Their
// templates have been read once already.
func webhooks(c *config.Config) []admin.Webhook {
	var hooks []admin.Webhook
	for _, w := range c.Webhooks {
		hook := admin.Webhook{Name: w.Name, Token: string(w.Token), HMAC: string(w.HMAC), Header: w.Header}
		for _, template := range w.Touches {
			path, err := proxy.ParseWebpath(template)
			if err != nil {
				panic(fmt.Sprintf("webhook %s: template %q %v", w.Name, template, err)) // only for one that config did not check
			}
			hook.Touches = append(hook.Touches, path)
		}
		hooks = append(hooks, hook)
	}
	return hooks
}

func share(s config.Share) coalescer.Share {
	switch s {
	case config.ShareChanges:
		return coalescer.Changes
	case config.ShareVerified:
		return coalescer.Verified
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
