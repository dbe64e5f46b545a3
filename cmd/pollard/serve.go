package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/rollout"
)

// serveFlags override the file.
type serveFlags struct{ file, upstream, listen, admin string }

func newServe(e environment) *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve [--config FILE] [--upstream URL]",
		Short: "Run the proxy",
		Long:  "Runs the proxy. Flags override the file; with only --upstream it passes everything through.",
		Args:  arguments(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), e, f) },
	}
	cmd.Flags().StringVarP(&f.file, "config", "c", "", "configuration file (see pollard check --reference)")
	cmd.Flags().StringVar(&f.upstream, "upstream", "", "URL of the web fleet, such as http://127.0.0.1:3000")
	cmd.Flags().StringVar(&f.listen, "listen", "", `address of the front door (default ":8080")`)
	cmd.Flags().StringVar(&f.admin, "admin", "", `address of the admin listener (default "127.0.0.1:9090")`)
	return cmd
}

// serve runs the proxy until the context ends.
func serve(ctx context.Context, e environment, f serveFlags) error {
	if f.file == "" && f.upstream == "" {
		return usageError{fmt.Errorf("serve needs --config FILE or --upstream URL")}
	}
	c, err := f.load(ctx, e)
	if err != nil {
		return err
	}
	log := newLogger(e, c)
	for _, w := range c.Warnings {
		log.Warn(w.String())
	}
	if c.Secret == "" && slices.ContainsFunc(c.Routes, func(r config.Route) bool { return r.Percent < rollout.Everyone }) {
		log.Warn("there is no secret: actors without actor_header or actor_cookie keep their rung only until this process ends")
	}
	in, err := build(c, log)
	if err != nil {
		return err
	}
	if f.file != "" {
		stop, err := f.reloadOnChange(e, in)
		if err != nil {
			in.close()
			return err
		}
		defer stop()
	}
	return in.run(ctx)
}

// load reads and checks the configuration, with the flags applied.
func (f serveFlags) load(ctx context.Context, e environment) (*config.Config, error) {
	c := config.Defaults()
	if f.file != "" {
		var err error
		if c, err = config.Load(f.file, e.env); err != nil {
			return nil, err
		}
	}
	if f.upstream != "" {
		u, err := url.Parse(f.upstream)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" {
			return nil, usageError{fmt.Errorf("--upstream %q: want http://host:port or https://host:port", f.upstream)}
		}
		c.Upstream = u
	}
	if f.listen != "" {
		c.Listen = f.listen
	}
	if f.admin != "" {
		c.Admin = f.admin
	}
	problems := c.Verify(ctx, false)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	c.Warnings = append(c.Warnings, problems...)
	return c, nil
}

// reloadOnChange reloads the configuration on SIGHUP and when its file
// changes, until the returned function is called.
func (f serveFlags) reloadOnChange(e environment, in *instance) (stop func(), err error) {
	reload := func() {
		c, err := f.load(context.Background(), e)
		if err == nil {
			err = in.reload(c)
		}
		if err != nil {
			in.ledger.ReloadFailed()
			in.log.Error("configuration not reloaded; the old one stays in force", "error", err)
			return
		}
		in.log.Info("configuration reloaded", "routes", len(c.Routes))
	}
	watcher, err := config.Watch(f.file, reload)
	if err != nil {
		return nil, err
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-hup:
				reload()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(hup)
		close(done)
		<-stopped
		watcher.Close()
	}, nil
}

func newLogger(e environment, c *config.Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.Log.Level}
	if c.Log.JSON {
		return slog.New(slog.NewJSONHandler(e.stderr, o))
	}
	return slog.New(slog.NewTextHandler(e.stderr, o))
}
