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
		return l.serve(o.Name, "push.yml", struct {
			pushOptions
			Board string
		}{o, boardPath})
	}
}

// nchanOptions are what differs between the configurations of Nchan.
type nchanOptions struct {
	Name      string
	Authorize bool // ask the upstream about each watcher
}

func nchan(o nchanOptions) maker {
	return func(l *lab) (command, error) {
		return l.nginx(o.Name, "nchan", "nchan.conf", struct {
			nchanOptions
			Board, Modules string
			Connections    int
		}{o, boardPath, l.modules, l.mostWatchers() + spareConnections})
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
