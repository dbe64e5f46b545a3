package redisstore

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/pollard-proxy/pollard/coalescer"
)

// hints is the deployment that carries the hints: that of the states, whose scripts
// then say them, or one apart.
type hints struct {
	// Set by newHints, then read-only.
	endpoints endpoints
	client    redis.UniversalClient // the store's where it is not apart
	apart     bool
	budget    time.Duration
	pause     time.Duration

	worked atomic.Bool  // ever
	silent atomic.Int64 // nothing is said until then; Unix nanoseconds
}

func newHints(s *Store) (*hints, error) {
	h := &hints{endpoints: s.endpoints, client: s.client, budget: s.options.Budget, pause: s.options.ProbeEvery}
	if len(s.options.Hints) == 0 {
		return h, nil
	}
	var err error
	if h.endpoints, err = parseURLs(s.options.Hints); err != nil {
		return nil, fmt.Errorf("redis_hints: %w", err)
	}
	h.client, h.apart = h.endpoints.client(s.options), true
	return h, nil
}

// close ends the connections that are of the hints alone.
func (h *hints) close() error {
	if !h.apart {
		return nil
	}
	return h.client.Close()
}

// verb is the command by which the scripts say hints; "" where they cannot.
func (h *hints) verb() string {
	switch {
	case h.apart:
		return ""
	case h.endpoints.cluster:
		return "SPUBLISH"
	}
	return "PUBLISH"
}

// say says a hint where the scripts cannot. It may be lost, so nobody is told that it
// was; after one that was there is silence for a while, since whoever publishes must
// not wait for a deployment that is away.
func (h *hints) say(channel string, message []byte) {
	now := time.Now()
	if now.UnixNano() < h.silent.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), h.budget)
	defer cancel()
	publish := h.client.Publish
	if h.endpoints.cluster {
		publish = h.client.SPublish
	}
	if publish(ctx, channel, message).Err() != nil {
		h.silent.Store(now.Add(h.pause).UnixNano())
	}
}

// unplaced notes that name's channel is on no server that is known, and returns why.
func (s *Store) unplaced(name coalescer.Name, err error) error {
	if !s.hints.apart {
		return s.failed(name, err)
	}
	err = s.hints.explain(err)
	s.health.hear(err)
	return err
}
