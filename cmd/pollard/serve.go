package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/rollout"
)

// serveFlags override the file.
type serveFlags struct {
	file, upstream, listen, admin string

	watcher *config.Watcher // of the file, and of those that it names; nil without one
	level   slog.LevelVar   // of the log
}

func newServe(e environment) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve [--config FILE] [--upstream URL]",
		Short: "Run the proxy",
		Long:  "Runs the proxy. Flags override the file; with only --upstream it passes everything through.",
		Args:  arguments(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), e, &f) },
	}
	cmd.Flags().StringVarP(&f.file, "config", "c", "", "configuration file (see pollard check --reference)")
	cmd.Flags().StringVar(&f.upstream, "upstream", "", "URL of the web fleet, such as http://127.0.0.1:3000")
	cmd.Flags().StringVar(&f.listen, "listen", "", `address of the front door (default ":8080")`)
	cmd.Flags().StringVar(&f.admin, "admin", "", `address of the admin listener (default "127.0.0.1:9090")`)
	return cmd
}

// serve runs the proxy until the context ends.
func serve(ctx context.Context, e environment, f *serveFlags) error {
	if f.file == "" && f.upstream == "" {
		return usageError{fmt.Errorf("serve needs --config FILE or --upstream URL")}
	}
	kills := make(chan os.Signal, 1) // from now on: before it would have ended the process
	signal.Notify(kills, syscall.SIGUSR1)
	defer signal.Stop(kills)
	changed, stop, err := f.watch()
	if err != nil {
		return err
	}
	defer stop()
	c, err := f.load(ctx, e)
	if err != nil {
		return err
	}
	log := f.newLogger(e, c)
	warnOfParent(log, e.stderr)
	for _, w := range c.Warnings {
		log.Warn(w.String())
	}
	switch {
	case c.Secret != "":
	case len(c.Redis) > 0:
		log.Warn("there is no secret: the instances derive one from redis and upstream, which is none to whoever knows these")
	case slices.ContainsFunc(c.Routes, func(r config.Route) bool { return r.Percent < rollout.Everyone || r.Holdout > 0 }):
		log.Warn("there is no secret: actors without actor_header or actor_cookie keep their rung only until this process ends")
	}
	limitMemory(c)
	in, err := build(c, log, nil)
	if err != nil {
		return err
	}
	told, cancel := context.WithCancel(ctx)
	var listeners sync.WaitGroup
	listeners.Go(func() { f.reloadOn(told, changed, e, in) })
	listeners.Go(func() { in.killOn(told, kills) })
	defer listeners.Wait()
	defer cancel()
	return in.run(ctx)
}

// watch reports on the channel when the file has changed or SIGHUP came, until
// it is stopped. It begins before the file is read, so that no change is
// missed.
func (f *serveFlags) watch() (changed <-chan os.Signal, stop func(), err error) {
	hup := make(chan os.Signal, 1)
	if f.file == "" {
		return hup, func() {}, nil
	}
	watcher, err := config.Watch(f.file, func() {
		select {
		case hup <- syscall.SIGHUP:
		default: // one is due already
		}
	})
	if err != nil {
		return nil, nil, err
	}
	f.watcher = watcher
	signal.Notify(hup, syscall.SIGHUP)
	return hup, func() {
		signal.Stop(hup)
		watcher.Close()
	}, nil
}

// reloadOn reloads the configuration each time that it is told to, until the
// context ends.
func (f *serveFlags) reloadOn(ctx context.Context, changed <-chan os.Signal, e environment, in *instance) {
	for {
		select {
		case <-changed:
			f.reload(ctx, e, in)
		case <-ctx.Done():
			return
		}
	}
}

// reload puts the file's configuration in force, or leaves the old one.
func (f *serveFlags) reload(ctx context.Context, e environment, in *instance) {
	c, err := f.load(ctx, e)
	if err == nil {
		err = in.reload(c)
	}
	if err != nil {
		in.ledger.ReloadFailed()
		in.log.Error("configuration not reloaded; the old one stays in force", "error", err)
		return
	}
	f.level.Set(c.Log.Level)
	in.log.Info("configuration reloaded", "routes", len(c.Routes))
}

// load reads and checks the configuration, with the flags applied, and the files
// that it names, which are watched from then on, whether they are any good or not.
func (f *serveFlags) load(ctx context.Context, e environment) (*config.Config, error) {
	c := config.Defaults()
	if f.file != "" {
		var err error
		if c, err = config.Load(f.file, e.env); err != nil {
			return nil, err
		}
	}
	for key, text := range map[string]string{"upstream": f.upstream, "listen": f.listen, "admin": f.admin} {
		if text == "" {
			continue
		}
		if err := c.Set(key, text); err != nil {
			return nil, usageError{fmt.Errorf("--%w", err)}
		}
	}
	have, _ := c.Certificates() // what is wrong with them, Verify says
	if f.watcher != nil {
		f.watcher.Follow(have.Files)
	}
	problems := c.Verify(ctx, false)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	c.Warnings = append(c.Warnings, problems...)
	return c, nil
}

func (f *serveFlags) newLogger(e environment, c *config.Config) *slog.Logger {
	f.level.Set(c.Log.Level)
	o := &slog.HandlerOptions{Level: &f.level}
	if c.Log.JSON {
		return slog.New(slog.NewJSONHandler(e.stderr, o))
	}
	return slog.New(slog.NewTextHandler(e.stderr, o))
}
