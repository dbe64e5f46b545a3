package main

import (
	"reflect"

	"github.com/pollard-proxy/pollard/config"
)

// A restart is a setting that a reload leaves as it is.
type restart struct {
	Key string `json:"key"`
	Why string `json:"because"`
}

// Why settings need a restart.
const (
	boundOnce     = "its port is bound at the start"
	openedOnce    = "it is opened at the start"
	connectedOnce = "connections to Redis are set up at the start"
	laidOut       = "what it bounds is laid out at the start"
	readOnce      = "it is read at the start"
	names         = "documents and actors are named by it: all would be others in the middle of their requests"
	believes      = "requests under way would be of one client by one list and of another by the other"
	formatsOnce   = "who collects the log expects one format"
)

// needsRestart names the settings that differ between two configurations and that
// a reload leaves as they are.
func needsRestart(old, new *config.Config) []restart {
	settings := []struct {
		restart
		old, new any
	}{
		{restart{"listen", boundOnce}, old.Listen, new.Listen},
		{restart{"admin", boundOnce}, old.Admin, new.Admin},
		{restart{"upstream", "without a secret, documents are named by it"}, namedBy(old), namedBy(new)},
		{restart{"trusted_proxies", believes}, old.TrustedProxies, new.TrustedProxies},
		{restart{"secret", names}, old.Secret, new.Secret},
		{restart{"state", openedOnce}, old.State, new.State},
		{restart{"redis", connectedOnce}, old.Redis, new.Redis},
		{restart{"redis_hints", connectedOnce}, old.RedisHints, new.RedisHints},
		{restart{"fleet", connectedOnce}, old.Fleet, new.Fleet},
		{restart{"news_redis", connectedOnce}, old.NewsRedis, new.NewsRedis},
		{restart{"news_channel", connectedOnce}, old.NewsChannel, new.NewsChannel},
		{restart{"news_organizations", connectedOnce}, old.NewsOrganizations, new.NewsOrganizations},
		{restart{"news_timeout", connectedOnce}, newsTimeout(old), newsTimeout(new)},
		{restart{"news_canary", readOnce}, old.NewsCanary, new.NewsCanary},
		{restart{"limits.stored_bytes", laidOut}, old.Limits.StoredBytes, new.Limits.StoredBytes},
		{restart{"limits.documents", laidOut}, old.Limits.Documents, new.Limits.Documents},
		{restart{"limits.connections", laidOut}, old.Limits.Connections, new.Limits.Connections},
		{restart{"limits.header_bytes", laidOut}, old.Limits.HeaderBytes, new.Limits.HeaderBytes},
		{restart{"limits.header_timeout", laidOut}, old.Limits.HeaderTimeout, new.Limits.HeaderTimeout},
		{restart{"limits.idle_timeout", laidOut}, old.Limits.IdleTimeout, new.Limits.IdleTimeout},
		{restart{"limits.stall_timeout", laidOut}, old.Limits.StallTimeout, new.Limits.StallTimeout},
		{restart{"limits.memory", laidOut}, old.Limits.Memory, new.Limits.Memory},
		{restart{"limits.connections_per_address", laidOut}, old.Limits.ConnectionsPerAddress, new.Limits.ConnectionsPerAddress},
		{restart{"limits.requests_per_address", laidOut}, old.Limits.RequestsPerAddress, new.Limits.RequestsPerAddress},
		{restart{"limits.upgrades_per_address", laidOut}, old.Limits.UpgradesPerAddress, new.Limits.UpgradesPerAddress},
		{restart{"limits.polls_per_identity", laidOut}, old.Limits.PollsPerIdentity, new.Limits.PollsPerIdentity},
		{restart{"limits.upstream_in_flight", laidOut}, old.Limits.UpstreamInFlight, new.Limits.UpstreamInFlight},
		{restart{"limits.pending_bytes", laidOut}, old.Limits.PendingBytes, new.Limits.PendingBytes},
		{restart{"h2c", boundOnce}, old.H2C, new.H2C},
		{restart{"hit_lane", readOnce}, old.HitLane, new.HitLane},
		{restart{"log.format", formatsOnce}, old.Log.JSON, new.Log.JSON},
	}
	var changed []restart
	for _, s := range settings {
		if !reflect.DeepEqual(s.old, s.new) {
			changed = append(changed, s.restart)
		}
	}
	return changed
}

// namedBy is the upstream where documents are named by it.
func namedBy(c *config.Config) string {
	if c.Secret != "" || len(c.Redis) == 0 || c.Upstream == nil {
		return ""
	}
	return c.Upstream.String()
}
