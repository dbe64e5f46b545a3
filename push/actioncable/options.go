package actioncable

import (
	"cmp"
	"crypto/rand"
	"log/slog"
	"net/http"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/push"
)

// Options for [New]. Hub and Resolver are required; the zero value of each other
// stands for its default.
type Options struct {
	Hub      *push.Hub
	Resolver push.Resolver

	// Identity tells whose an upgrade is: the hub bounds how many sockets one
	// identity has. By default every socket is an identity's of its own.
	Identity func(*http.Request) coalescer.Identity

	Log *slog.Logger // default: none

	// Ping is how often a client hears a ping, whatever else it hears; default
	// 3 s. Clients take a socket on which there was none for 6 s for dead.
	Ping time.Duration

	// Silence is how long nothing may come from a peer, not even the answers to
	// pings of the WebSocket that browsers give by themselves; default 30 s.
	Silence time.Duration

	// WriteTimeout bounds the time that a client takes a frame in; whoever
	// needs longer is dropped. Default 10 s.
	WriteTimeout time.Duration

	// MessageBytes bounds a message from a client; default 64 KiB. A larger one
	// closes the socket with 1009.
	MessageBytes int64

	// IdentifierBytes bounds an identifier, as the client wrote it; default
	// 4 KiB. A subscription with a longer one is rejected.
	IdentifierBytes int

	// Subscriptions bounds those of one socket; default 100. More are rejected.
	Subscriptions int

	// CommandsPerSecond bounds what a client says, on average and at once;
	// default four times Subscriptions: a client that waits for confirmations
	// asks for each of them again twice a second. Who says more is a flood, and
	// its socket is closed with 1008.
	CommandsPerSecond int
}

func (o Options) withDefaults() Options {
	if o.Identity == nil {
		o.Identity = anybody
	}
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	o.Ping = cmp.Or(o.Ping, 3*time.Second)
	o.Silence = cmp.Or(o.Silence, 30*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 10*time.Second)
	o.MessageBytes = cmp.Or(o.MessageBytes, 64<<10)
	o.IdentifierBytes = cmp.Or(o.IdentifierBytes, 4<<10)
	o.Subscriptions = cmp.Or(o.Subscriptions, 100)
	o.CommandsPerSecond = cmp.Or(o.CommandsPerSecond, 4*o.Subscriptions)
	return o
}

// anybody returns an identity that nobody else has.
func anybody(*http.Request) (who coalescer.Identity) {
	rand.Read(who[:]) // never fails
	return who
}
