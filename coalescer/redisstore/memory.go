package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Memory is what Redis says of its memory; in a Cluster, the server with the
// least left.
type Memory struct {
	Used, Limit uint64 // bytes; a limit of 0 is none
	Evicted     uint64 // keys, since the server started; of a Cluster, of all together
}

// ratio returns which part is used, 0 where there is no limit.
func (m Memory) ratio() float64 {
	if m.Limit == 0 {
		return 0
	}
	return float64(m.Used) / float64(m.Limit)
}

// Memory returns what Redis said last, at most some seconds ago while it can be
// reached.
func (s *Store) Memory() Memory { return *s.memory.Load() }

// inspectAfter asks Redis for its memory if that is due, and returns when it was
// asked last.
func (s *Store) inspectAfter(ctx context.Context, last time.Time) time.Time {
	if time.Since(last) < inspectEvery {
		return last
	}
	s.inspect(ctx)
	return time.Now()
}

// inspect asks Redis for its memory. From nearLimit on it is given no bodies; servers
// exist that say nothing.
func (s *Store) inspect(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	m, err := s.inspectAll(ctx)
	if err != nil {
		return // commands fail, too, or it does not say: then it is given bodies
	}
	s.memory.Store(&m)
	s.full.Store(m.ratio() > nearLimit)
}

func (s *Store) inspectAll(ctx context.Context) (Memory, error) {
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return s.inspectOne(ctx, s.client)
	}
	var mu sync.Mutex
	var fullest Memory
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		m, err := s.inspectOne(ctx, node)
		mu.Lock()
		defer mu.Unlock()
		evicted := fullest.Evicted + m.Evicted
		if m.ratio() >= fullest.ratio() {
			fullest = m
		}
		fullest.Evicted = evicted
		return err
	})
	return fullest, err
}

func (s *Store) inspectOne(ctx context.Context, node redis.Cmdable) (Memory, error) {
	s.commands.Add(2)
	var text strings.Builder
	for _, section := range []string{"memory", "stats"} {
		info, err := node.Info(ctx, section).Result()
		if err != nil {
			return Memory{}, fmt.Errorf("reading INFO %s: %w", section, err)
		}
		text.WriteString(info)
	}
	return parseMemory(text.String()), nil
}

// parseMemory reads what INFO says. What is missing is 0: servers exist that say
// less.
func parseMemory(info string) (m Memory) {
	fields := map[string]*uint64{"used_memory": &m.Used, "maxmemory": &m.Limit, "evicted_keys": &m.Evicted}
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if to := fields[name]; to != nil {
			*to, _ = strconv.ParseUint(value, 10, 64)
		}
	}
	return m
}

// isFull reports whether Redis refuses a write because its memory is used up.
func isFull(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer) && strings.HasPrefix(answer.Error(), "OOM")
}
