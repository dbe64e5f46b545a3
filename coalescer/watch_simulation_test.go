package coalescer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
)

// simLease is the lease of the simulated watchers; simFound is how long after
// the end of a session its watches may go on: the lease, and the worst weather.
const (
	simLease = 20 * time.Second
	simFound = simLease + 25*time.Second
)

// simViewers is how many watch, of each user.
const simViewers = 4

// simViewer is a tab that watches, and polls now and then as well: what it is
// told either way is of one document, which never goes back.
type simViewer struct {
	*simTab
	target string
	frames int
	ended  map[int]int // watches that ended, by status
}

func newSimViewer(w *simulation, i int) *simViewer {
	tab := newSimTab(w, i)
	tab.rng = rand.New(rand.NewPCG(w.seed, uint64(i)|1<<40))
	return &simViewer{simTab: tab, target: tab.targets[0], ended: map[int]int{}}
}

// watchAll has all viewers watch until told to stop.
func (w *simulation) watchAll(stop <-chan struct{}) (wait func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { <-stop; cancel() })
	for _, v := range w.viewers {
		wg.Go(func() { v.run(ctx) })
	}
	return wg.Wait
}

func (v *simViewer) run(ctx context.Context) {
	for ctx.Err() == nil {
		v.pause(2 * time.Second)
		opening, cancel := context.WithCancel(ctx)
		if v.rng.IntN(100) < 5 {
			opening, cancel = context.WithTimeout(ctx, v.upTo(60*time.Millisecond))
		}
		watch, err := v.w.s.c.Watch(opening, v.w.s.poll(v.identity(), v.target, "Accept: "+v.accept))
		if refused, ok := errors.AsType[*coalescer.Refused](err); ok && refused.Status == 401 {
			v.signIn(v.w.session(v.user))
		}
		if err == nil {
			v.view(ctx, watch)
			watch.Close()
		}
		cancel()
	}
}

// view reads a watch until it ends or the viewer has enough of it.
func (v *simViewer) view(ctx context.Context, watch *coalescer.Watch) {
	after, session := v.newestTag(), v.session
	for enough := v.rng.IntN(30); enough > 0; enough-- {
		reading, cancel := context.WithTimeout(ctx, v.upTo(8*time.Second))
		m, err := watch.Next(reading, after)
		cancel()
		ended, over := errors.AsType[*coalescer.Ended](err)
		switch at, dead := v.w.app.diedAt(v.identity()); {
		case over:
			v.ended[ended.Status]++
			if ended.Status == 401 {
				v.signIn(v.w.session(v.user))
			}
			return
		case dead && time.Since(at) > simFound:
			v.object("the session has been dead for %v, and is watched", time.Since(at))
		case ctx.Err() != nil:
			return
		case err != nil:
			v.poll(v.target, false)
			if v.session != session {
				return // it was told that the session is over
			}
			after = v.newestTag()
			continue
		}
		v.check(m)
		after = m.Tag
		if v.rng.IntN(4) == 0 {
			v.pause(4 * time.Second) // a slow one
		}
	}
}

// check holds that what is told is the viewer's own, and newer than all that it
// was told before.
func (v *simViewer) check(m coalescer.Moment) {
	v.frames++
	mine := fmt.Sprintf("%s %s %q ", v.identity(), v.target, v.accept)
	rest, ok := strings.CutPrefix(string(m.Body), mine)
	var version int
	if _, err := fmt.Sscan(rest, &version); !ok || err != nil {
		v.object("told %q, which is another's, want it to begin with %q", m.Body, mine)
	}
	if m.Header.Get("Set-Cookie") != "" || m.Header.Get("Cache-Control") != "" {
		v.object("told what was for one reader alone")
	}
	has := v.copy(v.target)
	if version < has.newest {
		v.object("told version %d, but it had %d", version, has.newest)
	}
	if tags := has.tags; len(tags) == 0 || tags[len(tags)-1] != string(m.Tag) {
		has.tags = append(has.tags, string(m.Tag))
	}
	has.version[string(m.Tag)], has.newest = version, version
}

// newestTag returns what the viewer has, "" if nothing.
func (v *simViewer) newestTag() etag.Tag {
	if tags := v.copy(v.target).tags; len(tags) > 0 && v.rng.IntN(10) > 0 {
		return etag.Tag(tags[len(tags)-1])
	}
	return ""
}

func (v *simViewer) object(format string, args ...any) {
	v.w.s.t.Errorf("seed %d, %v, %s watches %s as %s: %s", v.w.seed, time.Since(v.w.began), v.identity(), v.target, v.accept,
		fmt.Sprintf(format, args...))
}

func (v *simViewer) upTo(d time.Duration) time.Duration { return time.Duration(v.rng.Int64N(int64(d))) }

func (v *simViewer) pause(most time.Duration) { time.Sleep(v.upTo(most)) }
