package main

import (
	"reflect"
	"slices"
	"strings"

	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/rollout"
)

// A difference is what a reload from one configuration to another would do.
type difference struct {
	Routes      []routeDifference `json:"routes"`
	Reordered   bool              `json:"reordered"`   // routes that both have stand in another order: the first match wins
	Keys        []string          `json:"keys"`        // of everything else, that take effect
	Restart     []restart         `json:"restart"`     // that take effect after a restart
	Connections []string          `json:"connections"` // that are given up
}

// A routeDifference is what a reload would do to a route.
type routeDifference struct {
	Name     string   `json:"name"`
	Change   string   `json:"change"` // added, removed or changed
	Keys     []string `json:"keys,omitempty"`
	Anew     bool     `json:"documents_anew"` // what is held is not used: each document is fetched again
	Watchers string   `json:"watchers"`       // what becomes of them
}

// What becomes of watchers.
const (
	watchOn      = "go on"
	watchAgain   = "come back"
	watchPoll    = "poll"
	watchPartly  = "poll where they are not on the rung any more"
	neverWatched = "are none"
)

// differenceOf compares two configurations that are sound.
func differenceOf(old, new *config.Config) (difference, error) {
	d := difference{Routes: routeDifferences(old, new), Reordered: reordered(old, new), Keys: []string{}, Restart: needsRestart(old, new)}
	for _, key := range config.Changed(old, new) {
		if !slices.ContainsFunc(d.Restart, func(r restart) bool { return r.Key == key || strings.HasPrefix(key, r.Key+".") }) {
			d.Keys = append(d.Keys, key)
		}
	}
	var err error
	d.Connections, err = givenUp(old, new)
	return d, err
}

func routeDifferences(old, new *config.Config) []routeDifference {
	before, after := routes(old), routes(new)
	all := []routeDifference{}
	for i, r := range old.Routes {
		if find(new, r.Name) < 0 {
			all = append(all, routeDifference{Name: r.Name, Change: "removed", Watchers: fate(&before[i], nil)})
		}
	}
	for j, r := range new.Routes {
		i := find(old, r.Name)
		if i < 0 {
			all = append(all, routeDifference{Name: r.Name, Change: "added", Watchers: neverWatched})
			continue
		}
		if keys := config.ChangedOfRoute(&old.Routes[i], &new.Routes[j]); keys != nil {
			all = append(all, routeDifference{
				Name: r.Name, Change: "changed", Keys: keys,
				Anew: !before[i].SameDocuments(&after[j]), Watchers: fate(&before[i], &after[j]),
			})
		}
	}
	return all
}

func find(c *config.Config, route string) int {
	return slices.IndexFunc(c.Routes, func(r config.Route) bool { return r.Name == route })
}

// fate is what becomes of a route's watchers; after is nil where it is gone.
func fate(before, after *proxy.RouteOptions) string {
	switch {
	case before.Rollout.Stage < rollout.Push:
		return neverWatched
	case after == nil, after.Rollout.Stage < rollout.Push:
		return watchPoll
	case !before.SameDocuments(after):
		return watchAgain
	case before.Path != after.Path, before.ActorHeader != after.ActorHeader, before.ActorCookie != after.ActorCookie,
		!reflect.DeepEqual(before.Rollout, after.Rollout):
		return watchPartly
	}
	return watchOn
}

// reordered reports whether the routes of both stand in another order in each.
func reordered(old, new *config.Config) bool {
	last := -1
	for _, r := range new.Routes {
		if i := find(old, r.Name); i >= 0 {
			if i < last {
				return true
			}
			last = i
		}
	}
	return false
}

// givenUp names the connections that a reload has clients leave, or closes. The
// files are as they are now: where both name the same ones, nothing differs.
func givenUp(old, new *config.Config) ([]string, error) {
	before, err := old.Certificates()
	if err != nil {
		return nil, err
	}
	after, err := new.Certificates()
	if err != nil {
		return nil, err
	}
	lost := []string{}
	if !before.Server.Same(after.Server) && before.Server.TLS != nil {
		lost = append(lost, "front door: all over TLS, in turn over drain.spread; tunnels when the old certificate ends")
	}
	if !sameUpstream(old, new) || !before.Upstream.Same(after.Upstream) {
		lost = append(lost, "upstream: all that are kept, each once its request is done; tunnels over TLS when their certificate ends")
	}
	if !before.Redis.Same(after.Redis) {
		lost = append(lost, "redis: each within an hour")
	}
	return lost, nil
}
