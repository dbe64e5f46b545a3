package redisnews

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// GitLab returns a source that hears when GitLab gives a path another entity tag:
// Gitlab::EtagCaching::Store#touch sets the key etag:<path> in its shared state. Redis
// tells of that if its notify-keyspace-events has K and $; what to do where it has
// not is in the error that Lost gets.
//
// take gets all forms of the path under which it may be polled: as it is; without
// /o/<organization>, where it has that; else under each of the organizations.
//
// It fails for a Cluster, of which each server tells of its own keys alone.
func GitLab(o Options, organizations []string, take func(paths []string)) (*Source, error) {
	server, ok := o.Client.(*redis.Client)
	if !ok {
		return nil, errors.New("the servers of a Cluster tell each of its own keys alone: keyspace notifications want one server, or its Sentinels")
	}
	prefix := fmt.Sprintf("__keyspace@%d__:", server.Options().DB)
	canary := "pollard:canary:" + ownName()
	return &Source{
		options: o, channels: []string{prefix + canary}, patterns: []string{prefix + tagPrefix + "*"},
		isCanary: func(m *redis.Message) bool { return m.Channel == prefix+canary && m.Payload == "set" },
		letGo:    func(ctx context.Context) error { return o.Client.Set(ctx, canary, "", o.Timeout).Err() },
		ready:    func(ctx context.Context) error { return tells(ctx, server) },
		take: func(m *redis.Message) error {
			if path, ok := strings.CutPrefix(m.Channel, prefix+tagPrefix); ok && m.Payload == "set" {
				take(Forms(path, organizations))
			}
			return nil
		},
	}, nil
}

// tagPrefix is what GitLab's keys of entity tags begin with.
const tagPrefix = "etag:"

// Forms returns the paths under which what GitLab calls path may be polled, none
// for what is no path: GraphQL's resources are named <path>:<resource>.
func Forms(path string, organizations []string) []string {
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "/api/graphql:") {
		return nil
	}
	forms := []string{path}
	if scoped, ok := strings.CutPrefix(path, "/o/"); ok {
		if _, rest, ok := strings.Cut(scoped, "/"); ok {
			return append(forms, "/"+rest)
		}
		return forms
	}
	for _, name := range organizations {
		forms = append(forms, "/o/"+name+path)
	}
	return forms
}

const setting = "notify-keyspace-events"

// tells fails if Redis is known not to tell of keys that are set. Where it does not
// say, the canary shows.
func tells(ctx context.Context, server *redis.Client) error {
	settings, err := server.ConfigGet(ctx, setting).Result()
	var refusal redis.Error
	if errors.As(err, &refusal) {
		return nil // it is not for everybody to know
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", setting, err)
	}
	flags := settings[setting]
	if wanted := Wanted(flags); wanted != flags {
		return fmt.Errorf("redis does not tell of keys that are set: %s is %q; redis-cli CONFIG SET %s '%s', and the same in its configuration", setting, flags, setting, wanted)
	}
	return nil
}

// Wanted returns what notify-keyspace-events must be, given what it is.
func Wanted(flags string) string {
	if !strings.Contains(flags, "K") {
		flags += "K"
	}
	if !strings.ContainsAny(flags, "$A") {
		flags += "$"
	}
	return flags
}
