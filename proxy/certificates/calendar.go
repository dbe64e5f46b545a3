package certificates

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// notice is how long before a certificate ends it is spoken of.
	notice = 30 * 24 * time.Hour
	// again is how long until the same is said again.
	again = 24 * time.Hour
	// round is how often the calendar is looked at, and how often is said what
	// must not be overheard.
	round = time.Minute
)

// A Calendar says in the log what is about to end: each certificate from 30 days
// before on, once a day. While upstream goes unverified it says that each minute.
type Calendar struct {
	log *slog.Logger // set by NewCalendar, then read-only

	mu         sync.Mutex
	ends       map[string]time.Time // by role; guarded by mu
	said       map[string]time.Time // when a role was spoken of last; guarded by mu
	unverified time.Time            // until when upstream is; guarded by mu
}

// NewCalendar returns a calendar without entries.
func NewCalendar(log *slog.Logger) *Calendar {
	return &Calendar{log: log, said: map[string]time.Time{}}
}

// Enter replaces all entries: when certificates end, by role, and until when
// upstream goes unverified, if at all. A certificate that was renewed is spoken
// of anew.
func (c *Calendar) Enter(ends map[string]time.Time, unverified time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for role, end := range c.ends {
		if !ends[role].Equal(end) {
			delete(c.said, role)
		}
	}
	c.ends, c.unverified = maps.Clone(ends), unverified
}

// Ends returns when certificates end, by role. The map is the caller's.
func (c *Calendar) Ends() map[string]time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	ends := make(map[string]time.Time, len(c.ends))
	maps.Copy(ends, c.ends)
	return ends
}

// Unverified reports whether upstream goes unverified now.
func (c *Calendar) Unverified() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Before(c.unverified)
}

// Run says what is due until ctx ends.
func (c *Calendar) Run(ctx context.Context) {
	tick := time.NewTicker(round)
	defer tick.Stop()
	for {
		c.say(time.Now())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (c *Calendar) say(now time.Time) {
	if c.Unverified() {
		c.log.Warn("upstream is not verified: whoever stands in between reads everything", "key", "upstream_tls.skip_verify_until")
	}
	ends, due := c.due(now)
	for _, role := range due {
		end := ends[role]
		if now.Before(end) {
			c.log.Warn("a certificate is about to end", "role", role, "not_after", end, "days", int(end.Sub(now)/again))
		} else {
			c.log.Error("a certificate has ended", "role", role, "not_after", end)
		}
	}
}

// due returns the roles that are to be spoken of, in order, and takes note that
// they are.
func (c *Calendar) due(now time.Time) (ends map[string]time.Time, roles []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, role := range slices.Sorted(maps.Keys(c.ends)) {
		if c.ends[role].Sub(now) < notice && now.Sub(c.said[role]) >= again {
			c.said[role] = now
			roles = append(roles, role)
		}
	}
	return c.ends, roles
}
