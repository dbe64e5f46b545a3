package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/pollard-proxy/pollard/coalescer/changes/redisnews"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/proxy/admin"
)

// newsTimeout is how long the source with the least patience of all routes may be
// silent.
func newsTimeout(c *config.Config) time.Duration {
	timeout := time.Minute
	for _, r := range c.Routes {
		if len(r.News) > 0 {
			timeout = min(timeout, r.NewsTimeout)
		}
	}
	return timeout
}

// listenFor adds what tells of changes through Redis, where that is configured.
func (in *instance) listenFor(c *config.Config) error {
	if len(c.Redis) > 0 {
		err := in.addSource(ledger.RedisNews, c.Redis, func(o redisnews.Options) (source, error) {
			return redisnews.Channel(o, c.NewsChannel, in.tell), nil
		})
		if err != nil {
			return fmt.Errorf("news of redis: %w", err)
		}
		err = in.addSource(ledger.FleetNews, hints(c), func(o redisnews.Options) (source, error) {
			in.relay = redisnews.NewRelay(o, "pollard:news:"+c.Fleet, in.proxy.TakeOver)
			return in.relay, nil
		})
		if err != nil {
			return fmt.Errorf("news of the fleet: %w", err)
		}
	}
	if len(c.NewsRedis) > 0 {
		err := in.addSource(ledger.GitLabNews, c.NewsRedis, func(o redisnews.Options) (source, error) {
			return redisnews.GitLab(o, c.NewsOrganizations, in.touch)
		})
		if err != nil {
			return fmt.Errorf("news_redis: %w", err)
		}
	}
	return nil
}

// source hears of changes until its context ends.
type source interface{ Run(context.Context) }

// hints is where the instances of a fleet tell each other what they need not be told
// twice.
func hints(c *config.Config) []*url.URL {
	if len(c.RedisHints) > 0 {
		return c.RedisHints
	}
	return c.Redis
}

// handOn is how news reach the other instances; nil for an instance alone.
func (in *instance) handOn(c *config.Config) func(message string) {
	if len(c.Redis) == 0 {
		return nil
	}
	return func(message string) { in.relay.Say(message) } // which there is before anything is served
}

// addSource adds a source to those that run with the instance.
func (in *instance) addSource(name ledger.Source, urls []*url.URL, open func(redisnews.Options) (source, error)) error {
	client, err := redisstore.Connect(in.redisAt(urls))
	if err != nil {
		return err
	}
	in.hangUp(client.Close)
	told := &sourceLog{log: in.log.With("source", string(name)), urls: urls}
	s, err := open(redisnews.Options{
		Client: client, Timeout: newsTimeout(in.config),
		Heard: func() {
			told.turn(nil)
			_, _ = in.proxy.Touch(proxy.News{Source: name, Heartbeat: true}) // fails for patterns alone
		},
		Lost: func(err error) {
			told.turn(err)
			in.news.Lost(name)
		},
		Refused: func(err error) { told.log.Warn("a message is no news", "error", err) },
	})
	if err != nil {
		return err
	}
	in.sources = append(in.sources, s)
	return nil
}

// tell takes a touch that came through Redis.
func (in *instance) tell(message string) error {
	_, err := admin.Tell(in.proxy, ledger.RedisNews, []byte(message))
	return err
}

func (in *instance) touch(paths []string) {
	_, _ = in.proxy.Touch(proxy.News{Source: ledger.GitLabNews, Paths: paths}) // as above
}

// sourceLog tells when a source is lost, and when it is heard again: once each, and
// again where it is lost for another reason. It is for one goroutine.
type sourceLog struct {
	log  *slog.Logger
	urls []*url.URL // of its Redis
	last string     // why it is lost
	is   bool       // heard
	was  bool       // heard, ever
}

func (l *sourceLog) turn(why error) {
	if why == nil {
		if !l.is {
			l.log.Info("changes are heard of from Redis")
		}
		l.is, l.was, l.last = true, true, ""
		return
	}
	if why = redisstore.Explain(l.urls, why, l.was); why.Error() != l.last {
		l.log.Warn("changes are not heard of from Redis", "error", why)
	}
	l.is, l.last = false, why.Error()
}
