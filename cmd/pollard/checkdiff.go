package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pollard-proxy/pollard/config"
)

// checkDiff tells what a reload from one file to another would do. It fails where
// a reload would refuse the second.
func checkDiff(ctx context.Context, e environment, files []string, asJSON bool) error {
	if len(files) != 2 {
		return usageError{errors.New("check --diff needs two files, OLD and NEW")}
	}
	old, err := config.Load(files[0], e.env)
	if err != nil {
		return err
	}
	new, err := config.Load(files[1], e.env)
	if err != nil {
		return err
	}
	if err := new.Verify(ctx, false).Err(); err != nil {
		return err
	}
	d, err := differenceOf(old, new)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(e.stdout, d)
	}
	d.print(e.stdout)
	return nil
}

func (d difference) print(w io.Writer) {
	for _, r := range d.Routes {
		fmt.Fprintf(w, "route %s: %s", r.Name, r.Change)
		if len(r.Keys) > 0 {
			fmt.Fprintf(w, " (%s)", strings.Join(r.Keys, ", "))
		}
		if r.Anew {
			fmt.Fprint(w, "; its documents become others and are fetched anew")
		}
		if r.Watchers != neverWatched {
			fmt.Fprintf(w, "; its watchers %s", r.Watchers)
		}
		fmt.Fprintln(w)
	}
	if d.Reordered {
		fmt.Fprintln(w, "routes: in another order; the first that matches wins")
	}
	for _, key := range d.Keys {
		fmt.Fprintf(w, "%s: changed\n", key)
	}
	for _, r := range d.Restart {
		fmt.Fprintf(w, "%s: takes effect after a restart: %s\n", r.Key, r.Why)
	}
	for _, c := range d.Connections {
		fmt.Fprintf(w, "connections: %s\n", c)
	}
	if len(d.Routes)+len(d.Keys)+len(d.Restart)+len(d.Connections) == 0 && !d.Reordered {
		fmt.Fprintln(w, "a reload would change nothing")
	}
}
