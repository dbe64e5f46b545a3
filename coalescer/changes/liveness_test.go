package changes_test

import (
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer/changes"
	"github.com/pollard-proxy/pollard/ledger"
)

// watched notes what a route is told.
type watched struct {
	began time.Time

	mu   sync.Mutex
	told []string
}

func (w *watched) cover(timeout time.Duration, sources ...ledger.Source) changes.Cover {
	return changes.Cover{Sources: sources, Timeout: timeout, Turn: func(alive bool) {
		word := "lost"
		if alive {
			word = "covered"
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.told = append(w.told, time.Since(w.began).String()+" "+word)
	}}
}

func (w *watched) want(t *testing.T, want ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.told, want) {
		t.Errorf("route was told %q, want %q", w.told, want)
	}
}

// play runs a script in a bubble of its own time: hours of it take none.
func play(t *testing.T, script func(t *testing.T, l *changes.Liveness, w *watched)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := changes.New(slog.New(slog.DiscardHandler))
		defer l.Close()
		script(t, l, &watched{began: time.Now()})
	})
}

func TestARouteIsCoveredWhileItsSourceGivesSignsOfLife(t *testing.T) {
	play(t, func(t *testing.T, l *changes.Liveness, w *watched) {
		l.Cover(map[string]changes.Cover{"r": w.cover(time.Minute, ledger.TouchAPI)})
		time.Sleep(10 * time.Second)
		l.Heard(ledger.TouchAPI)
		time.Sleep(50 * time.Second)
		l.Heard(ledger.TouchAPI) // in time
		l.Heard(ledger.Webhook)  // somebody else
		time.Sleep(100 * time.Second)
		l.Heard(ledger.TouchAPI)
		synctest.Wait()
		w.want(t, "0s lost", "10s covered", "2m0s lost", "2m40s covered")
	})
}

func TestEverySourceMustBeAlive(t *testing.T) {
	play(t, func(t *testing.T, l *changes.Liveness, w *watched) {
		l.Cover(map[string]changes.Cover{"r": w.cover(time.Minute, ledger.TouchAPI, ledger.Writes, ledger.Webhook)})
		l.Heard(ledger.TouchAPI)
		time.Sleep(30 * time.Second)
		l.Heard(ledger.Webhook)
		time.Sleep(10 * time.Minute)
		w.want(t, "0s lost", "30s covered", "1m0s lost")
	})
}

func TestASourceThatIsKnownToBeGoneCoversNothing(t *testing.T) {
	play(t, func(t *testing.T, l *changes.Liveness, w *watched) {
		l.Cover(map[string]changes.Cover{"r": w.cover(time.Minute, ledger.RedisNews)})
		l.Heard(ledger.RedisNews)
		time.Sleep(10 * time.Second)
		l.Lost(ledger.GitLabNews) // another
		l.Lost(ledger.RedisNews)
		time.Sleep(10 * time.Second)
		l.Heard(ledger.RedisNews)
		w.want(t, "0s lost", "0s covered", "10s lost", "20s covered")
	})
}

func TestWritesAreSeenAsLongAsWeLive(t *testing.T) {
	play(t, func(t *testing.T, l *changes.Liveness, w *watched) {
		l.Cover(map[string]changes.Cover{"r": w.cover(time.Second, ledger.Writes)})
		time.Sleep(10 * time.Hour)
		w.want(t, "0s covered")
	})
}

func TestAReloadChangesWhatCovers(t *testing.T) {
	tests := []struct {
		name  string
		after func(w *watched) map[string]changes.Cover
		want  []string
	}{
		{"nothing changes", func(w *watched) map[string]changes.Cover {
			return map[string]changes.Cover{"r": w.cover(time.Minute, ledger.TouchAPI)}
		}, []string{"0s covered", "30s covered", "1m0s lost"}},
		{"the route goes", func(w *watched) map[string]changes.Cover { return nil }, []string{"0s covered", "30s lost"}},
		{"it names no source", func(w *watched) map[string]changes.Cover {
			return map[string]changes.Cover{"r": w.cover(time.Minute)}
		}, []string{"0s covered", "30s lost"}},
		{"it names a further source", func(w *watched) map[string]changes.Cover {
			return map[string]changes.Cover{"r": w.cover(time.Minute, ledger.TouchAPI, ledger.RedisNews)}
		}, []string{"0s covered", "30s lost"}},
		{"its timeout is shorter", func(w *watched) map[string]changes.Cover {
			return map[string]changes.Cover{"r": w.cover(40*time.Second, ledger.TouchAPI)}
		}, []string{"0s covered", "30s covered", "40s lost"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			play(t, func(t *testing.T, l *changes.Liveness, w *watched) {
				l.Heard(ledger.TouchAPI) // before there is a route
				l.Cover(map[string]changes.Cover{"r": w.cover(time.Minute, ledger.TouchAPI)})
				time.Sleep(30 * time.Second)
				l.Cover(test.after(w))
				time.Sleep(time.Hour)
				w.want(t, test.want...)
			})
		})
	}
}

func TestNobodyIsToldAfterItIsClosed(t *testing.T) {
	play(t, func(t *testing.T, l *changes.Liveness, w *watched) {
		l.Cover(map[string]changes.Cover{"r": w.cover(time.Minute, ledger.TouchAPI)})
		l.Close()
		l.Close()
		l.Heard(ledger.TouchAPI)
		time.Sleep(time.Hour)
		w.want(t, "0s lost")
	})
}
