//go:build linux

package main

import (
	"net"
	"path/filepath"
)

// maker prepares a server of a lab: its configuration and the command that starts it.
type maker func(*lab) (command, error)

// nginxOptions are what differs between the configurations that Pollard is compared with.
type nginxOptions struct {
	Name   string
	Cache  bool // store answers; else only pass on
	Ignore bool // store them whatever their Cache-Control says, for a minute
	Tuned  bool // for small answers
}

func nginx(o nginxOptions) maker {
	return func(l *lab) (command, error) { return l.nginx(o.Name, "nginx", "nginx.conf", o) }
}

// nginx is an nginx of a name in the tables, which -without knows as server, with a configuration by a template.
func (l *lab) nginx(name, server, template string, options any) (command, error) {
	r, err := l.room(server, name)
	if err != nil {
		return command{}, err
	}
	file, err := r.configure(template, options)
	return command{
		name: name, addr: r.Listen,
		args: []string{"nginx", "-c", file, "-p", r.Dir, "-e", filepath.Join(r.Dir, "error.log")},
	}, err
}

// pollardOptions are the keys of Pollard's configuration that the scenarios choose.
type pollardOptions struct {
	Name     string
	Path     string // of the coalescing route
	Share    string
	Interval string
	Stale    string // the path of a further route, whose answers last a second; empty: none
}

func pollard(o pollardOptions) maker {
	return func(l *lab) (command, error) { return l.serve(o.Name, "pollard.yml", o) }
}

// serve is a Pollard of a name in the tables, with a configuration by a template.
func (l *lab) serve(name, template string, options any) (command, error) {
	r, err := l.room("pollard", name)
	if err != nil {
		return command{}, err
	}
	file, err := r.configure(template, options)
	return command{
		name: name, addr: r.Listen, admin: r.Admin, env: []string{"GOMAXPROCS=1"},
		args: []string{l.pollard, "serve", "--config", file},
	}, err
}

// varnish runs with its built-in rules, as after installing it.
func varnish(l *lab) (command, error) {
	r, err := l.room("varnish", "varnish")
	if err != nil {
		return command{}, err
	}
	host, port, err := net.SplitHostPort(r.Upstream)
	if err != nil {
		return command{}, err
	}
	file, err := r.configure("default.vcl", struct{ Host, Port string }{host, port})
	return command{
		name: "varnish", addr: r.Listen,
		// Without -j none, root's varnishd would become somebody who cannot read the folder.
		args: []string{"varnishd", "-j", "none", "-F", "-a", r.Listen, "-f", file, "-s", "malloc,64m", "-n", filepath.Join(r.Dir, "state")},
	}, err
}

func reverseProxy(l *lab) (command, error) {
	r, err := l.room("reverseproxy", "reverseproxy")
	return command{
		name: "ReverseProxy", addr: r.Listen, env: []string{"GOMAXPROCS=1"},
		args: []string{l.self, "reverseproxy", "-listen", r.Listen, "-upstream", "http://" + r.Upstream},
	}, err
}
