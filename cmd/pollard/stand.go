package main

import (
	"context"
	"net"
	"net/netip"
	"os"
	"slices"

	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// positions are where the configuration has the routes.
func positions(c *config.Config) map[string]ladder.Position {
	all := make(map[string]ladder.Position, len(c.Routes))
	for _, r := range c.Routes {
		all[r.Name] = ladder.Position{Stage: r.Stage, Percent: r.Percent}
	}
	return all
}

// stand puts a configuration's routes in force where they stand on the ladder, and
// sends away who watches what is not pushed to them any more. Nothing that was held
// before a kill is given out after it: what changed meanwhile passed unseen.
func (in *instance) stand(c *config.Config, s *ladder.State) error {
	isKilled := s.Kill != nil
	if in.killed && !isKilled {
		in.coalescer.Expire()
	}
	if slices.ContainsFunc(c.Routes, func(r config.Route) bool { return r.StorePrivate }) {
		in.coalescer.TellWrites() // and go on after it is off here: other instances are reloaded later
	}
	options := routes(c)
	for i := range options {
		p := s.InForce(options[i].Name)
		options[i].Rollout.Stage, options[i].Rollout.Percent = p.Stage, p.Percent
		options[i].Check = check(c.Routes[i], s)
	}
	in.history.Begin(options)
	if err := in.proxy.Swap(options, signOuts(c)); err != nil {
		return err
	}
	sendAway := in.hub.SendAway
	if isKilled && !in.killed {
		sendAway = in.hub.SendAllAway
	}
	in.leaving.Go(func() { sendAway(in.ctx) })
	in.killed = isKilled
	in.ledger.Rollout(rungs(s), isKilled)
	return nil
}

// rungs are the positions in the ledger's words.
func rungs(s *ladder.State) map[string]ledger.Rung {
	all := make(map[string]ledger.Rung, len(s.Configured))
	for name := range s.Configured {
		p := s.Position(name)
		all[name] = ledger.Rung{Stage: int(p.Stage), Percent: 100 * float64(p.Percent) / float64(rollout.Everyone)}
	}
	return all
}

// killOn throws the kill switch on each signal, until the context ends: for when
// neither the admin listener nor the disk can be reached.
func (in *instance) killOn(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case <-signals:
			if err := in.ladder.Kill("signal", "SIGUSR1"); err != nil {
				in.log.Error("killed by a signal", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// isLoopback reports whether a listener's address can be reached from this machine
// alone.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
