//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// publishTarget is where Nchan takes documents.
const publishTarget = "/publish"

// pushOptions are the keys of Pollard's configuration that the scenarios with watchers choose.
type pushOptions struct {
	Name     string
	Share    string
	Interval time.Duration
}

func pollardPush(o pushOptions) maker {
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
		err = render("push.yml", file, struct {
			pushOptions
			Listen, Admin, Upstream, Board string
		}{o, addr, admin, l.upstream.addr, boardPath})
		return command{
			name: o.Name, addr: addr, admin: admin, env: []string{"GOMAXPROCS=1"},
			args: []string{l.pollard, "serve", "--config", file},
		}, err
	}
}

// nchanOptions are what differs between the configurations of Nchan.
type nchanOptions struct {
	Name      string
	Authorize bool // ask the upstream about each watcher
}

func nchan(o nchanOptions) maker {
	return func(l *lab) (command, error) {
		addr, dir, err := l.place("nchan", o.Name)
		if err != nil {
			return command{}, err
		}
		modules, err := nginxModules()
		if err != nil {
			return command{}, err
		}
		file := filepath.Join(dir, "nginx.conf")
		err = render("nchan.conf", file, struct {
			nchanOptions
			Listen, Upstream, Dir, Board, Modules string
			Connections                           int
			Root                                  bool
		}{o, addr, l.upstream.addr, dir, boardPath, modules, l.mostWatchers() + spareConnections, os.Getuid() == 0})
		return command{
			name: o.Name, addr: addr,
			args: []string{"nginx", "-c", file, "-p", dir, "-e", filepath.Join(dir, "error.log")},
		}, err
	}
}

// nginxModules is the folder from which this machine's nginx loads modules. Nchan must be there.
func nginxModules() (string, error) {
	out, err := exec.Command("nginx", "-V").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ask nginx for its modules: %w", err)
	}
	for word := range strings.FieldsSeq(string(out)) {
		if folder, ok := strings.CutPrefix(word, "--modules-path="); ok {
			_, err := os.Stat(filepath.Join(folder, "ngx_nchan_module.so"))
			return folder, err
		}
	}
	return "", errors.New("this nginx loads no modules")
}
