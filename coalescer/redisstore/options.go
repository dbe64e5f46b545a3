package redisstore

import (
	"crypto/tls"
	"net/url"
	"time"
)

// Options say where Redis is and how much it may cost.
type Options struct {
	URLs  []*url.URL // of one deployment; at least one
	Hints []*url.URL // of another, which carries the hints; none: the same
	// TLS is asked for each connection of rediss how it is made, so that
	// certificates can be renewed; nil means with the system's authorities.
	TLS func() *tls.Config

	Prefix   string        // of every key and channel; default "pollard:"
	Secret   []byte        // of the fleet: what is of one identity is encrypted with it, and fails without
	Budget   time.Duration // a command is answered within, or has failed; default 50ms
	Patience time.Duration // how long Begin waits for another instance at most; default 1s
	// ProbeEvery is how often Redis is tried while it is down or nobody uses it,
	// give or take a fifth; default 1s. A connection with subscriptions is asked for a sign of life
	// after three times as long, and given up after seven.
	ProbeEvery time.Duration
	// StateBytes bounds what is stored of one state, compressed; of a larger one
	// only the tag is. One that is larger all the same is left with Redis, and
	// upstream is asked. Default 1 MiB.
	StateBytes int

	// OnMode, if not nil, is called with each mode that lasts long enough to be
	// seen, and why, one after the other. It must not call Close.
	OnMode func(Mode, error)
}

const (
	// inlineBytes bounds the states that hints carry.
	inlineBytes = 8 << 10
	// cachedBytes bounds the states kept from hints, in all; beyond it they are
	// read from Redis.
	cachedBytes = 32 << 20
	// idleNames bounds the subscriptions that nobody uses at the moment.
	idleNames = 4096
	// linger is how long a subscription outlives its last use.
	linger = 10 * time.Second

	// queued bounds the publications that wait; beyond it they are dropped, and
	// others take the turn when the lease has ended.
	queued = 1024
	// publishers is how many publish at a time.
	publishers = 4

	// dialTimeout bounds connecting, and whatever no poll waits for.
	dialTimeout = time.Second
	// inspectEvery is how often Redis is asked for its memory.
	inspectEvery = 10 * time.Second
	// renewTLS is how long a connection over TLS is used: until then certificates
	// that were renewed are presented everywhere, on subscriptions excepted.
	renewTLS = time.Hour
	// resubscribeAfter is how long a lost connection with subscriptions is left
	// alone at most.
	resubscribeAfter = 500 * time.Millisecond

	// nearLimit is the part of its memory from which on Redis is given no
	// bodies any more: tags and leases are what saves calls.
	nearLimit = 0.8
)

func (o Options) pingEvery() time.Duration { return 3 * o.ProbeEvery }
func (o Options) silence() time.Duration   { return 7 * o.ProbeEvery }

func (o Options) withDefaults() Options {
	if o.Prefix == "" {
		o.Prefix = "pollard:"
	}
	if o.Budget == 0 {
		o.Budget = 50 * time.Millisecond
	}
	if o.Patience == 0 {
		o.Patience = time.Second
	}
	if o.ProbeEvery == 0 {
		o.ProbeEvery = time.Second
	}
	if o.StateBytes == 0 {
		o.StateBytes = 1 << 20
	}
	if o.OnMode == nil {
		o.OnMode = func(Mode, error) {}
	}
	return o
}
