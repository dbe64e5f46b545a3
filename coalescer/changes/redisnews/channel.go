package redisnews

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Channel returns a source that hears what is published on a channel. take gets each
// message, and says why one is no news.
func Channel(o Options, name string, take func(message string) error) *Source {
	canary := name + ":canary:" + ownName()
	return &Source{
		options: o, channels: []string{name, canary},
		isCanary: func(m *redis.Message) bool { return m.Channel == canary },
		letGo:    func(ctx context.Context) error { return o.Client.Publish(ctx, canary, "").Err() },
		take: func(m *redis.Message) error {
			if m.Channel == canary {
				return nil
			}
			return take(m.Payload)
		},
	}
}
