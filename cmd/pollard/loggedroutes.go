package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// routeFlags say for which routes figures are wanted.
type routeFlags struct {
	file     string
	patterns []string
}

// options are those routes.
func (f *routeFlags) options(e environment) ([]proxy.RouteOptions, error) {
	if f.file != "" && len(f.patterns) > 0 {
		return nil, usageError{errors.New("--config or --route, not both")}
	}
	if f.file != "" {
		c, err := config.Load(f.file, e.env)
		if err != nil {
			return nil, err
		}
		return routes(c), nil
	}
	c, err := f.parse(e.env)
	if err != nil {
		return nil, err
	}
	options := routes(c)
	for i := range options {
		options[i].Policy.Interval = 0 // nobody has said one: that of --interval, or the clients' pace
	}
	return options, nil
}

// parse has the configuration's rules applied to NAME=PATTERN.
func (f *routeFlags) parse(env config.Environment) (*config.Config, error) {
	var y strings.Builder
	y.WriteString("routes:\n")
	for _, r := range f.patterns {
		name, pattern, ok := strings.Cut(r, "=")
		if !ok {
			return nil, usageError{fmt.Errorf("--route: %q is not NAME=PATTERN", r)}
		}
		fmt.Fprintf(&y, "  - {name: %q, path: %q}\n", name, pattern)
	}
	if len(f.patterns) == 0 {
		return config.Defaults(), nil
	}
	c, err := config.Parse("--route", []byte(y.String()), env)
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// loggedPaths bounds how many paths are remembered with their routes.
const loggedPaths = 1 << 16

// loggedRoutes tells which route a logged request was on.
type loggedRoutes struct {
	finder *proxy.Finder
	known  map[string]*proxy.Route // by path; nil for those on none
}

func newLoggedRoutes(finder *proxy.Finder) *loggedRoutes {
	return &loggedRoutes{finder, make(map[string]*proxy.Route)}
}

// place fills in what the route knows of a request.
func (r *loggedRoutes) place(s *observe.Sighting) {
	rt, ok := r.known[s.Path]
	if !ok {
		if len(r.known) >= loggedPaths {
			clear(r.known)
		}
		rt = r.finder.Find(s.Path)
		r.known[strings.Clone(s.Path)] = rt
	}
	if rt == nil {
		return
	}
	s.Route, s.Query, s.Interval = rt.Name, rt.KeyQuery(s.Query), rt.Policy.Interval
}
