package storetest

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
)

// Crowds are the cases in which everybody does everything at once.
func Crowds() []Case {
	return []Case{
		{"never do two hold the turn, and nobody is told an older state after a newer one of its own", crowd},
	}
}

// crowd counts calls as an upstream would: each holder of a turn is one, and
// answers with how many there were.
func crowd(t *testing.T, f *Fleet) {
	const clients, rounds = 12, 40
	var holders, calls atomic.Int64
	var g sync.WaitGroup
	for client := range clients {
		g.Go(func() {
			newest := 0
			for range rounds {
				pause(t.Context())
				turn, said, err := f.Stores[client%3].Begin(t.Context(), name, coalescer.Terms{Fresh: 2 * time.Millisecond, Lease: hour, Keep: hour})
				switch {
				case err != nil:
					t.Errorf("client %d: %v", client, err)
				case said != nil:
					newest = noOlder(t, newest, said.Tag)
				default:
					if n := holders.Add(1); n != 1 {
						t.Errorf("%d hold the turn", n)
					}
					newest = int(calls.Add(1))
					s := state(etag.Tag(strconv.Quote(strconv.Itoa(newest))))
					holders.Add(-1)
					turn.Publish(s)
				}
			}
		})
	}
	g.Wait()
	if calls.Load() == 0 {
		t.Errorf("nobody ever held the turn")
	}
}

// noOlder returns which call tag is of, which must not be before newest.
func noOlder(t *testing.T, newest int, tag etag.Tag) int {
	t.Helper()
	told, err := strconv.Atoi(strings.Trim(string(tag), `"`))
	if err != nil || told < newest {
		t.Errorf("told %s after %d", tag, newest)
	}
	return max(told, newest)
}
