package main

import (
	"crypto/sha256"
	"fmt"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/ledger"
)

// join connects an instance with the others of its fleet, where Redis is
// configured; else it returns nil. It waits for nothing: Redis may come later, or
// never.
func (in *instance) join(c *config.Config) (*redisstore.Store, error) {
	if len(c.Redis) == 0 {
		return nil, nil
	}
	log := in.log
	o := redisstore.Options{URLs: c.Redis, Hints: c.RedisHints, TLS: in.redisTLS, Prefix: prefix(c), Secret: []byte(c.Secret)}
	o.OnMode = func(m redisstore.Mode, why error) {
		switch m {
		case redisstore.Together:
			log.Info("this instance asks together with the fleet")
		case redisstore.Deaf:
			log.Warn("this instance asks together with the fleet, but hears no hints from Redis", "error", why)
		default:
			log.Warn("this instance asks for itself: Redis cannot be used", "error", why)
		}
	}
	store, err := redisstore.New(o)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	figures := redisFigures(store)
	figures.Joined = func() float64 {
		if in.isJoined() {
			return 1
		}
		return 0
	}
	in.ledger.Redis(figures)
	used := func() float64 { return float64(store.Memory().Used) }
	in.ledger.Saturation("redis_memory", used, func() float64 { return float64(store.Memory().Limit) })
	return store, nil
}

func redisFigures(s *redisstore.Store) ledger.Redis {
	is := func(modes ...redisstore.Mode) func() float64 {
		return func() float64 {
			now, _ := s.Mode()
			for _, m := range modes {
				if m == now {
					return 1
				}
			}
			return 0
		}
	}
	return ledger.Redis{
		Up: is(redisstore.Together, redisstore.Deaf), Hints: is(redisstore.Together),
		Commands: func() float64 { return float64(s.Commands()) },
		Dropped:  func() float64 { return float64(s.Dropped()) },
		Evicted:  func() float64 { return float64(s.Memory().Evicted) },
	}
}

// storeOf is what the coalescer shares; a nil *Store in an interface is not nil.
func storeOf(s *redisstore.Store) coalescer.Store {
	if s == nil {
		return nil
	}
	return s
}

// prefix keeps the documents of another fleet apart, as of a test deployment that has
// the secret and the Redis of production. Instances of one fleet may well have
// another upstream each, as in zones.
func prefix(c *config.Config) string {
	sum := sha256.Sum256([]byte(c.Fleet))
	return fmt.Sprintf("pollard:%x:", sum[:6])
}

// secret is the key of all hashes. A fleet without one would not know a document
// by the same name on two instances; so the instances of one take what they have in
// common: which Redis they share, and what they stand in front of. It is no secret
// to whoever knows these, which is why a configured one is better.
func secret(c *config.Config) []byte {
	if c.Secret != "" || len(c.Redis) == 0 {
		return []byte(c.Secret)
	}
	h := sha256.New()
	for _, url := range c.Redis {
		fmt.Fprintln(h, url)
	}
	fmt.Fprintln(h, c.Upstream)
	return h.Sum(nil)
}
