package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// drain leaves so that nobody notices: not ready, it serves on through
// the blackout; then it sends watchers away, stops accepting, and waits for what is in flight. The admin
// listener goes last, so that it can be watched. A second signal has it wait for
// nothing any more.
//
// Without a blackout clients are not told to connect anew: they could only come
// back here, where a connection that arrives as the listener closes is reset.
func (in *instance) drain(ctx context.Context) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	before, d := in.door.Tally(), in.current.Load().Drain
	if d.Blackout > 0 {
		in.door.Retire()
	}
	in.state.Store(&errDraining)
	in.log.Info("draining", "blackout", d.Blackout, "spread", d.Spread, "grace", d.Grace,
		"connections", before.Connections, "watchers", in.hub.Count())
	blackout(ctx, d.Blackout)

	graceful, cancel := context.WithTimeout(ctx, d.Grace)
	defer cancel()
	told := in.hub.Drain(graceful)
	err := in.door.Shutdown(graceful)
	left := in.door.Tally()
	if err != nil {
		in.log.Warn("not everything finished", "hurried", ctx.Err() != nil, "connections", left.Connections)
		in.door.Close()
	}
	in.admin.Close()
	in.log.Info("stopped", "requests_finished", left.Answered-before.Answered, "requests_cut", left.Requests,
		"watchers_told", told, "tunnels_cut", left.Hijacked)
}

// blackout serves on while balancers still send new connections, since endpoints
// are taken out after the signal, not before it.
func blackout(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
