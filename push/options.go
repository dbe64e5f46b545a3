package push

import (
	"context"
	"log/slog"
	"net"
	"time"
)

// Options for [New]. The zero value of each but Log stands for its default.
type Options struct {
	// Watchers bounds the connections that are open at a time; default 10,000.
	// PerIdentity bounds those of one identity, or of one address without any;
	// default 100. Beyond either, upgrades are refused, and clients poll.
	Watchers    int
	PerIdentity int

	// HandshakesPerSecond bounds how fast connections may begin, with bursts
	// of a second's worth; default 500.
	HandshakesPerSecond float64

	// ReconnectsPerSecond bounds how fast those who are sent away come back;
	// default 200.
	ReconnectsPerSecond float64

	// Spread is how long sending everybody away takes at least, so that few
	// are told at once who heed no delay; half the time that there is bounds it.
	Spread time.Duration

	// Full reports whether nobody may come for want of something that is not the
	// hub's to know. It must be quick, and not call the hub. Default: never.
	Full func() bool

	// MessageBytes bounds a message from a client, inflated; default 16 KiB.
	MessageBytes int64

	// PendingBytes bounds the bodies that are being written to clients which
	// have yet to take them, each counted for each client; default 256 MiB.
	// Beyond it further ones wait for twice WriteTimeout at most; then their
	// clients are told to come back.
	PendingBytes int64

	// WriteTimeout bounds the time that a client takes a frame in; whoever
	// needs longer is dropped. Default 10 s.
	WriteTimeout time.Duration

	// PingInterval is how often a WebSocket is pinged. A peer that has said
	// nothing since the last ping is gone. Default 25 s.
	PingInterval time.Duration

	// MaxAge is how long a connection lives, give or take half, until it is
	// asked to come back: so clients find instances that are new. Default 1 h.
	MaxAge time.Duration

	// Leaving returns, of a request's context, one that ends when the client is to
	// leave the connection; it is told to come back then. Default: never.
	Leaving func(request context.Context) context.Context

	// Readiness returns how it is known that a WebSocket's connection can be read; nil
	// where only a goroutine that reads knows. Default: nil.
	Readiness func(net.Conn) Readiness

	Log *slog.Logger
}

// Readiness tells when one connection can be read, so that no goroutine needs to wait.
type Readiness interface {
	// Await has wake be called, once, as soon as a read returns at once, be it with an
	// error. wake must return at once. Where that cannot be had it reports false.
	Await(wake func()) bool

	// Stop ends the waiting, and is called before the connection is closed. A wake that is
	// under way may still come.
	Stop()
}

func (o Options) withDefaults() Options {
	orDefault(&o.Watchers, 10_000)
	orDefault(&o.PerIdentity, 100)
	orDefault(&o.HandshakesPerSecond, 500)
	orDefault(&o.ReconnectsPerSecond, 200)
	orDefault(&o.MessageBytes, 16<<10)
	if o.Full == nil {
		o.Full = func() bool { return false }
	}
	orDefault(&o.PendingBytes, 256<<20)
	orDefault(&o.WriteTimeout, 10*time.Second)
	orDefault(&o.PingInterval, 25*time.Second)
	orDefault(&o.MaxAge, time.Hour)
	if o.Readiness == nil {
		o.Readiness = func(net.Conn) Readiness { return nil }
	}
	if o.Leaving == nil {
		o.Leaving = func(context.Context) context.Context { return context.Background() }
	}
	return o
}

// orDefault fills in what was not set.
func orDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}
