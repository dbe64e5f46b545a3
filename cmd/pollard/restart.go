package main

import (
	"reflect"

	"github.com/pollard-proxy/pollard/config"
)

// needsRestart names the keys that differ between two configurations and that
// a reload leaves as they are.
func needsRestart(old, new *config.Config) []string {
	settings := []struct {
		key      string
		old, new any
	}{
		{"listen", old.Listen, new.Listen},
		{"admin", old.Admin, new.Admin},
		{"upstream", old.Upstream, new.Upstream},
		{"trusted_proxies", old.TrustedProxies, new.TrustedProxies},
		{"secret", old.Secret, new.Secret},
		{"state", old.State, new.State},
		{"redis", old.Redis, new.Redis},
		{"redis_hints", old.RedisHints, new.RedisHints},
		{"fleet", old.Fleet, new.Fleet},
		{"news_redis", old.NewsRedis, new.NewsRedis},
		{"news_channel", old.NewsChannel, new.NewsChannel},
		{"news_organizations", old.NewsOrganizations, new.NewsOrganizations},
		{"news_timeout", newsTimeout(old), newsTimeout(new)},
		{"news_canary", old.NewsCanary, new.NewsCanary},
		{"tls", old.TLS, new.TLS},
		{"upstream_tls", old.UpstreamTLS, new.UpstreamTLS},
		{"limits", old.Limits, new.Limits},
		{"drain", old.Drain, new.Drain},
		{"h2c", old.H2C, new.H2C},
		{"log", old.Log, new.Log},
	}
	var keys []string
	for _, s := range settings {
		if !reflect.DeepEqual(s.old, s.new) {
			keys = append(keys, s.key)
		}
	}
	return keys
}
