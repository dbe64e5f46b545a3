package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/pollard-proxy/pollard/cmd/pollard/memory"
	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/changes"
	"github.com/pollard-proxy/pollard/coalescer/changes/redisnews"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/proxy/admin"
	"github.com/pollard-proxy/pollard/proxy/certificates"
	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/proxy/frontdoor"
	"github.com/pollard-proxy/pollard/push"
	"github.com/pollard-proxy/pollard/push/actioncable"
	"github.com/pollard-proxy/pollard/push/browser"
	"github.com/pollard-proxy/pollard/push/readiness"
	"github.com/pollard-proxy/pollard/rollout/ladder"
	"github.com/pollard-proxy/pollard/rollout/ladder/redisladder"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// instance is one Pollard: everything wired, its ports bound.
type instance struct {
	config *config.Config // that it was built by
	log    *slog.Logger

	current      atomic.Pointer[config.Config] // that is in force, as far as it needs no restart
	certificates atomic.Pointer[config.Certificates]
	calendar     *certificates.Calendar

	ledger    *ledger.Ledger
	forward   *forward.Forwarder
	coalescer *coalescer.Coalescer
	news      *changes.Liveness
	hub       *push.Hub
	memory    *memory.Budget
	proxy     *proxy.Handler
	ladder    *ladder.Ladder
	history   *admin.History
	shared    *redisstore.Store  // what is known together with the others; nil for an instance alone
	joint     *redisladder.Fleet // the ladders of the others; nil for an instance alone
	sources   []source           // of news, that have connections of their own
	relay     *redisnews.Relay   // of news between the instances of a fleet; nil for one alone
	autopilot atomic.Pointer[onAutopilot]
	killed    bool // as it was put in force; guarded by the ladder, which has one put in force at a time
	door      *frontdoor.Server
	admin     *http.Server
	operators *admin.Handler // of admin

	ctx     context.Context // ends with close
	leaving sync.WaitGroup  // watchers being sent away
	undo    []func()        // what close calls, last first

	front, back net.Listener
	state       atomic.Pointer[error] // why it is not ready
}

var (
	errStarting = errors.New("starting")
	errDraining = errors.New("draining: shutting down")
)

// build wires an instance and binds its ports. Nothing is served yet. Where store
// is not nil, it takes the place of Redis. On an error nothing is left running.
func build(c *config.Config, log *slog.Logger, store coalescer.Store) (*instance, error) {
	in := &instance{config: c, log: log}
	if err := in.wire(store); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

// wire goes top to bottom as the package graph. What has to be stopped is noted as
// soon as it runs.
func (in *instance) wire(store coalescer.Store) error {
	c, log := in.config, in.log
	have, err := c.Certificates()
	if err != nil {
		return err
	}
	in.current.Store(c)
	in.certificates.Store(have)
	in.calendar = certificates.NewCalendar(log)
	in.state.Store(&errStarting)
	reg := prometheus.NewRegistry()
	in.ledger = ledger.New(reg)
	in.forward = forward.New(forward.Options{
		Terms: upstreamTerms(c, have), Trusted: c.TrustedProxies, Log: log, InFlight: c.Limits.UpstreamInFlight,
		Checked: func() { in.ledger.Route(ledger.Other).Upstream(ledger.Probe) },
	})
	in.onClose(in.forward.Close)
	fleet, err := in.join(c)
	if err != nil {
		return err
	}
	if fleet != nil {
		in.shared = fleet
		in.hangUp(fleet.Close)
	}
	if store == nil {
		store = storeOf(fleet)
	}
	in.coalescer = coalescer.New(coalescer.Options{
		Transport: in.forward, Store: store, StoredBytes: c.Limits.StoredBytes, Documents: c.Limits.Documents, Idle: idle(c),
	})
	in.onClose(in.coalescer.Close)
	in.news = changes.New(log)
	in.onClose(in.news.Close)
	in.memory = in.budget()
	watchers := in.guarded(pushOptions(c, log))
	watchers.Readiness = in.readiness()
	in.hub = push.New(watchers)
	own := map[string]http.Handler{}
	in.proxy = proxy.New(proxy.Options{
		Forward: in.forward, Coalescer: in.coalescer, Ledger: in.ledger, Target: frontdoor.Target,
		Trusted: c.TrustedProxies, Secret: secret(c), Log: log, AccessLog: c.Log.Polls, LogSample: c.Log.Sample,
		Liveness: in.news, Canary: c.NewsCanary, Push: in.hub, Own: own, HandOn: in.handOn(c), Observer: observe.New(observe.Options{}), Limits: rates(c),
	})
	in.onClose(in.proxy.Close)
	in.onClose(in.hub.Close) // before the proxy, of which those who watch still ask
	own["/-/pollard/cable"] = actioncable.New(actioncable.Options{Hub: in.hub, Resolver: in.proxy, Identity: in.proxy.Identity, Log: log})
	own["/-/pollard/client.js"] = browser.Handler()
	var cancel func()
	in.ctx, cancel = context.WithCancel(context.Background())
	in.onClose(func() { cancel(); in.leaving.Wait() })
	in.ladder = ladder.Open(ladder.Options{Dir: c.State, Log: log, Instance: instanceName(c)})
	in.onClose(in.ladder.Close) // nobody is sent away from then on
	if err := errors.Join(in.joinLadder(c), in.listenFor(c)); err != nil {
		return err
	}
	in.history = admin.NewHistory(in.proxy, in.ledger)
	in.door = frontdoor.New(in.limited(in.doorOptions(c, have)))
	in.onClose(func() { in.door.Close() })
	in.operators = admin.New(admin.Options{
		Proxy: in.proxy, Ledger: in.ledger, Ladder: in.ladder, History: in.history, Gatherer: reg,
		Ready: in.ready, Apart: in.apart(), Name: instanceName(c), Fleet: in.fleet(), Access: access(c), Loopback: isLoopback(c.Admin),
	})
	in.admin = &http.Server{
		Handler:           in.operators,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	in.onClose(func() { in.admin.Close() })
	in.gauge()
	return errors.Join(in.reload(c), in.bind())
}

func (in *instance) doorOptions(c *config.Config, have *config.Certificates) frontdoor.Options {
	o := frontdoor.Options{
		Handler: in.proxy, TLS: have.Server.TLS, H2C: c.H2C, Logger: in.log,
		Pace:        func() (time.Duration, int) { d := in.current.Load().Drain; return d.Spread, d.Reconnects },
		HeaderBytes: int(c.Limits.HeaderBytes), HeaderTimeout: c.Limits.HeaderTimeout,
		IdleTimeout: c.Limits.IdleTimeout, StallTimeout: c.Limits.StallTimeout, Connections: c.Limits.Connections,
	}
	if c.HitLane {
		o.Lane = in.proxy
	}
	return o
}

func pushOptions(c *config.Config, log *slog.Logger) push.Options {
	return push.Options{
		Watchers: unlimited(c.Limits.Watchers), PerIdentity: unlimited(c.Limits.WatchersPerIdentity),
		HandshakesPerSecond: float64(unlimited(c.Limits.Handshakes)),
		ReconnectsPerSecond: float64(c.Drain.Reconnects), Spread: c.Drain.Spread, Log: log,
		Leaving:      frontdoor.Leaving,
		PendingBytes: c.Limits.PendingBytes,
	}
}

// readiness returns how it is known that a watcher's connection can be read; nil where
// only a goroutine knows.
func (in *instance) readiness() func(net.Conn) push.Readiness {
	poller, err := readiness.New()
	if err != nil {
		in.log.Debug("a goroutine reads from each WebSocket", "cause", err)
		return nil
	}
	in.onClose(poller.Close)
	return poller.Of
}

// unlimited turns the configuration's 0 into a bound that nobody reaches.
func unlimited(n int) int {
	if n == 0 {
		return math.MaxInt32
	}
	return n
}

// idle is how long documents are remembered: long enough for the slowest route
// and for an old answer to cover for upstream.
func idle(c *config.Config) time.Duration {
	d := 5 * time.Minute
	for _, r := range c.Routes {
		d = max(d, 2*r.MaxInterval, r.MaxInterval+r.StaleIfError)
	}
	return d
}

func (in *instance) bind() (err error) {
	if in.front, err = net.Listen("tcp", in.config.Listen); err != nil {
		return fmt.Errorf("front door: %w", err)
	}
	in.onClose(func() { in.front.Close() }) // fails where it was served, and is closed
	if in.back, err = net.Listen("tcp", in.config.Admin); err != nil {
		return fmt.Errorf("admin listener: %w", err)
	}
	in.onClose(func() { in.back.Close() })
	return nil
}

// reload puts another configuration in force, each route where it stands on the
// ladder. What only a restart can change is named.
func (in *instance) reload(c *config.Config) error {
	have, err := c.Certificates()
	if err != nil {
		return err
	}
	in.renewUpstream(c, have)
	if err := in.ladder.Configure(positions(c), func(s *ladder.State) error { return in.stand(c, s) }); err != nil {
		in.forward.Renew(upstreamTerms(in.current.Load(), in.certificates.Load()))
		return err
	}
	in.autopilot.Store(autopilot(c))
	in.operators.Admit(access(c))
	in.renew(c, have)
	for _, s := range needsRestart(in.config, c) {
		in.log.Warn("this setting takes effect after a restart", "key", s.Key, "because", s.Why)
	}
	return nil
}

// run serves until the context ends, then lets what is in flight finish.
func (in *instance) run(ctx context.Context) error {
	defer in.close()
	served, stop := context.WithCancel(ctx)
	defer stop()
	if in.joint != nil {
		in.joint.Join(ctx)
	}
	var g errgroup.Group
	g.Go(func() error { defer stop(); return ended("front door", in.door.Serve(in.front)) })
	g.Go(func() error { defer stop(); return ended("admin listener", in.admin.Serve(in.back)) })
	g.Go(func() error { in.ladder.Watch(served); return nil })
	g.Go(func() error { in.history.Run(served); return nil })
	g.Go(func() error { in.door.Rotate(served); return nil })
	g.Go(func() error { in.calendar.Run(served); return nil })
	g.Go(func() error { in.memory.Run(served); return nil })
	g.Go(func() error { newPilot(in).Run(served); return nil })
	listening, deafen := context.WithCancel(context.WithoutCancel(ctx)) // until nobody is served any more
	defer deafen()
	if in.joint != nil {
		g.Go(func() error { in.joint.Run(listening); return nil })
	}
	for _, s := range in.sources {
		g.Go(func() error { s.Run(listening); return nil })
	}
	in.state.Store(new(error))
	in.log.Info("serving", "listen", in.front.Addr().String(), "admin", in.back.Addr().String(),
		"upstream", in.config.Upstream.String(), "routes", len(in.config.Routes))
	<-served.Done()
	in.drain(context.WithoutCancel(ctx))
	deafen()
	return g.Wait()
}

// onClose has close call f, before what was noted earlier.
func (in *instance) onClose(f func()) { in.undo = append(in.undo, f) }

// hangUp has close end a connection to Redis. Why that failed is of no use to anybody
// who still runs.
func (in *instance) hangUp(end func() error) {
	in.onClose(func() {
		if err := end(); err != nil {
			in.log.Debug("leaving Redis", "error", err)
		}
	})
}

// close undoes build, in reverse, as far as that had come.
func (in *instance) close() {
	for _, f := range slices.Backward(in.undo) {
		f()
	}
}

func (in *instance) ready() error { return *in.state.Load() }

// ended drops the error that says that a server was shut down as intended.
func ended(what string, err error) error {
	if err == nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
