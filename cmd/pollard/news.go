package main

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
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
		if slices.Contains(r.News, config.NewsRedis) || slices.Contains(r.News, config.NewsGitLab) {
			timeout = min(timeout, r.NewsTimeout)
		}
	}
	return timeout
}

// listenFor adds what tells of changes through Redis, where that is configured.
func (in *instance) listenFor(c *config.Config) error {
	if len(c.Redis) > 0 {
		err := in.addSource(ledger.RedisNews, c.Redis, func(o redisnews.Options) (*redisnews.Source, error) {
			return redisnews.Channel(o, c.NewsChannel, in.tell), nil
		})
		if err != nil {
			return fmt.Errorf("news of redis: %w", err)
		}
	}
	if len(c.NewsRedis) > 0 {
		err := in.addSource(ledger.GitLabNews, c.NewsRedis, func(o redisnews.Options) (*redisnews.Source, error) {
			return redisnews.GitLab(o, c.NewsOrganizations, in.touch)
		})
		if err != nil {
			return fmt.Errorf("news_redis: %w", err)
		}
	}
	return nil
}

// addSource adds a source to those that run with the instance.
func (in *instance) addSource(name ledger.Source, urls []*url.URL, source func(redisnews.Options) (*redisnews.Source, error)) error {
	client, err := redisstore.Connect(in.redisAt(urls))
	if err != nil {
		return err
	}
	in.hangUp(client.Close)
	told := &sourceLog{log: in.log.With("source", string(name))}
	s, err := source(redisnews.Options{
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
	last string // why it is lost
	is   bool   // heard
}

func (l *sourceLog) turn(why error) {
	if why == nil {
		if !l.is {
			l.log.Info("changes are heard of from Redis")
		}
		l.is, l.last = true, ""
		return
	}
	if why = redisstore.Explain(why); why.Error() != l.last {
		l.log.Warn("changes are not heard of from Redis", "error", why)
	}
	l.is, l.last = false, why.Error()
}
