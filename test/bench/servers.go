//go:build linux

package main

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
)

// maker prepares a server of a lab: its configuration and the command that starts it.
type maker func(*lab) (command, error)

// errLeftOut is what a maker returns for a server that the run goes without.
var errLeftOut = errors.New("left out")

//go:embed servers/*
var configurations embed.FS

// nginxOptions are what differs between the configurations that Pollard is compared with.
type nginxOptions struct {
	Name   string
	Cache  bool // store answers; else only pass on
	Ignore bool // store them whatever their Cache-Control says, for a minute
	Tuned  bool // for small answers
}

func nginx(o nginxOptions) maker {
	return func(l *lab) (command, error) {
		addr, dir, err := l.place("nginx", o.Name)
		if err != nil {
			return command{}, err
		}
		file := filepath.Join(dir, "nginx.conf")
		err = render("nginx.conf", file, struct {
			nginxOptions
			Listen, Upstream, Dir string
			Root                  bool // workers would run as somebody who cannot write to Dir
		}{o, addr, l.upstream.addr, dir, os.Getuid() == 0})
		return command{
			name: o.Name, addr: addr,
			args: []string{"nginx", "-c", file, "-p", dir, "-e", filepath.Join(dir, "error.log")},
		}, err
	}
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
	return func(l *lab) (command, error) {
		addr, dir, err := l.place("pollard", o.Name)
		if err != nil {
			return command{}, err
		}
		admin, err := freeAddr()
		if err != nil {
			return command{}, err
		}
		file := filepath.Join(dir, "pollard.yml")
		err = render("pollard.yml", file, struct {
			pollardOptions
			Listen, Admin, Upstream string
		}{o, addr, admin, l.upstream.addr})
		return command{
			name: o.Name, addr: addr, env: []string{"GOMAXPROCS=1"},
			args: []string{l.pollard, "serve", "--config", file},
		}, err
	}
}

// varnish runs with its built-in rules, as after installing it.
func varnish(l *lab) (command, error) {
	addr, dir, err := l.place("varnish", "varnish")
	if err != nil {
		return command{}, err
	}
	host, port, _ := strings.Cut(l.upstream.addr, ":")
	file := filepath.Join(dir, "default.vcl")
	err = render("default.vcl", file, struct{ Host, Port string }{host, port})
	return command{
		name: "varnish", addr: addr,
		// Without -j none, root's varnishd would become somebody who cannot read dir.
		args: []string{"varnishd", "-j", "none", "-F", "-a", addr, "-f", file, "-s", "malloc,64m", "-n", filepath.Join(dir, "state")},
	}, err
}

func reverseProxy(l *lab) (command, error) {
	addr, _, err := l.place("reverseproxy", "reverseproxy")
	return command{
		name: "ReverseProxy", addr: addr, env: []string{"GOMAXPROCS=1"},
		args: []string{l.self, "reverseproxy", "-listen", addr, "-upstream", "http://" + l.upstream.addr},
	}, err
}

// place finds an address and an empty folder for a server, unless the run goes without it.
func (l *lab) place(server, name string) (addr, dir string, err error) {
	if l.leavesOut(server) {
		return "", "", errLeftOut
	}
	if addr, err = freeAddr(); err != nil {
		return "", "", err
	}
	dir, err = os.MkdirTemp(l.dir, strings.ReplaceAll(name, " ", "-")+"-")
	return addr, dir, err
}

func render(name, file string, data any) error {
	t, err := template.ParseFS(configurations, "servers/"+name)
	if err != nil {
		return fmt.Errorf("read the template of %s: %w", name, err)
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(b.String()), 0o600)
}
