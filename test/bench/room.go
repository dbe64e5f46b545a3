//go:build linux

package main

import (
	"embed"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/pollard-proxy/pollard/test/freeport"
)

// room is what a lab gives a server that is set up in it. Configurations name all of it.
type room struct {
	Listen   string // the address on which the server answers
	Admin    string // the address of Pollard's admin listener
	Upstream string // the address of the lab's
	Dir      string // empty
	Root     bool   // workers would run as somebody who cannot write to Dir
}

// errLeftOut is what a maker returns for a server that the run goes without.
var errLeftOut = errors.New("left out")

// room returns one for a server, by whose name it is left out, in a run that may have several such.
func (l *lab) room(server, name string) (room, error) {
	if l.leavesOut(server) {
		return room{}, errLeftOut
	}
	listen, err1 := freeport.Address()
	admin, err2 := freeport.Address()
	dir, err3 := os.MkdirTemp(l.dir, strings.ReplaceAll(name, " ", "-")+"-")
	return room{listen, admin, l.upstream.addr, dir, os.Getuid() == 0}, errors.Join(err1, err2, err3)
}

//go:embed servers/*
var configurations embed.FS

// configure writes a configuration into the room, by a template of that name in which With are its own options, and
// returns its path.
func (r room) configure(name string, options any) (string, error) {
	t, err := template.ParseFS(configurations, "servers/"+name)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.Execute(&b, struct {
		room
		With any
	}{r, options}); err != nil {
		return "", err
	}
	file := filepath.Join(r.Dir, name)
	return file, os.WriteFile(file, []byte(b.String()), 0o600)
}
