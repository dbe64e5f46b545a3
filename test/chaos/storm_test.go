package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/nameserver"
	"github.com/pollard-proxy/pollard/test/redistest"
)

// scene is what a storm goes over.
type scene struct {
	upstream *upstream
	names    *nameserver.Server
	redis    *redistest.Server
	pairs    *pairs    // that both instances serve with
	rolled   *instance // is restarted, killed and flooded
	steady   *instance // keeps its process, whose counters must close
}

// A fault is something that goes wrong for a while.
type fault struct {
	name  string
	bring func(length time.Duration)
}

// faults are those of all that is beside the upstream.
func (s *scene) faults(t *testing.T) []fault {
	return []fault{
		{"Redis hangs", func(length time.Duration) {
			s.redis.Pause()
			rest(t.Context(), length)
			s.redis.Resume()
		}},
		{"Redis restarts, empty", func(length time.Duration) {
			s.redis.Stop()
			rest(t.Context(), length)
			s.redis.Run(t)
		}},
		{"Redis is out of memory", func(length time.Duration) {
			s.redis.Do(t, "CONFIG", "SET", "maxmemory", "1")
			rest(t.Context(), length)
			s.redis.Do(t, "CONFIG", "SET", "maxmemory", "0")
		}},
		{"DNS fails", func(length time.Duration) {
			s.names.Break(true)
			rest(t.Context(), length)
			s.names.Break(false)
		}},
		{"DNS names somebody who is not there", func(length time.Duration) {
			s.names.Host(name, at, "127.0.7.9")
			rest(t.Context(), length)
			s.names.Host(name, at)
		}},
		{"an instance stands still", func(length time.Duration) { s.rolled.standStill(t, length) }},
		{"the steady instance stands still", func(length time.Duration) { s.steady.standStill(t, length) }},
		{"an instance restarts", func(time.Duration) { s.rolled.restart(t) }},
		{"an instance dies", func(length time.Duration) {
			s.rolled.program.Kill()
			rest(t.Context(), length)
			s.rolled.start(t)
		}},
		{"an instance has no file descriptors", func(length time.Duration) {
			conns := flood(s.rolled)
			rest(t.Context(), length)
			for _, c := range conns {
				c.Close()
			}
		}},
		{"certificates are rotated", func(length time.Duration) { s.pairs.rotate(t, length) }},
		{"the disk is full", func(length time.Duration) { s.steady.withAFullDisk(t, length) }},
	}
}

// flood opens more connections to an instance than it may have.
func flood(in *instance) (conns []net.Conn) {
	d := net.Dialer{Timeout: 100 * time.Millisecond}
	for range descriptors + 100 {
		if conn, err := d.DialContext(context.Background(), "tcp", in.front); err == nil {
			conns = append(conns, conn)
		}
	}
	return conns
}

// storm has faults come one after the other until a time has passed, beside moods of the upstream that change by
// themselves. A seed decides which, and for how long.
func (s *scene) storm(t *testing.T, seed uint64, length time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.upstream.storm(ctx, rand.New(rand.NewPCG(seed, 1)))
	}()
	random, faults := rand.New(rand.NewPCG(seed, 2)), s.faults(t)
	for ctx.Err() == nil {
		for _, i := range random.Perm(len(faults)) {
			length := 300*time.Millisecond + time.Duration(random.Int64N(int64(1500*time.Millisecond)))
			if ctx.Err() != nil {
				break
			}
			t.Logf("%s for %v", faults[i].name, length.Round(time.Millisecond))
			faults[i].bring(length)
			rest(ctx, time.Duration(random.Int64N(int64(time.Second))))
		}
	}
	<-ended
}

// storm has the upstream change its mood, and its documents, until ctx ends. Then it is well.
func (u *upstream) storm(ctx context.Context, random *rand.Rand) {
	defer u.become(well)
	for ctx.Err() == nil {
		u.become(max(well, mood(random.IntN(2*int(moods)))-moods)) // well half of the time
		for range 1 + random.IntN(10) {
			u.change()
			rest(ctx, 150*time.Millisecond)
		}
	}
}

// String returns the mood and the version.
func (u *upstream) String() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return fmt.Sprintf("%v at version %d, asked %v", u.mood, u.version, u.asked)
}
