package coalescer_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
)

// watching is the policy of scenes with watchers.
func watching() coalescer.Policy {
	policy := usual()
	policy.Lease = time.Minute
	return policy
}

func sharing(share coalescer.Share) coalescer.Policy {
	policy := watching()
	policy.Share = share
	return policy
}

// lastTick is when a watched document has been asked for again, whatever its
// drift.
const lastTick = 3*time.Second + 3*time.Second/20

// sheet is an application with one page of a tag and a body, which are the same
// for all, except for those whom it refuses. Its tags are representations'.
type sheet struct {
	mu      sync.Mutex
	tag     string
	body    string
	lines   []string          // of every answer
	instead map[string]*reply // by user, "" is everyone
	latency time.Duration
}

func newSheet(tag, body string, lines ...string) *sheet {
	return &sheet{tag: tag, body: body, lines: lines, instead: map[string]*reply{}, latency: time.Millisecond}
}

// turns makes it another page.
func (a *sheet) turns(tag, body string, lines ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tag, a.body, a.lines = tag, body, lines
}

// tells has a user, or with "" everyone, told something else.
func (a *sheet) tells(user string, r reply) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.instead[user] = &r
}

// recovers has everyone given the page.
func (a *sheet) recovers() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.instead)
}

func (a *sheet) answer(r *http.Request) reply {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, user := range []string{"", userOf(r)} {
		if said := a.instead[user]; said != nil {
			return said.in(max(said.latency, a.latency))
		}
	}
	if a.tag != "" && r.Header.Get("If-None-Match") == a.tag {
		return unchanged(append(a.lines, "ETag: "+a.tag)...).in(a.latency)
	}
	return page(a.tag, a.body, a.lines...).in(a.latency)
}

// watch opens a watch as a user.
func (s *scene) watch(user, target string, lines ...string) (*coalescer.Watch, error) {
	return s.c.Watch(context.Background(), s.poll(user, target, lines...))
}

// mustWatch opens a watch that is given.
func (s *scene) mustWatch(user, target string, lines ...string) *coalescer.Watch {
	s.t.Helper()
	w, err := s.watch(user, target, lines...)
	if err != nil {
		s.t.Fatalf("%s may not watch %s: %v", user, target, err)
	}
	return w
}

// reader reads a watch as fast as it can.
type reader struct {
	s    *scene
	w    *coalescer.Watch
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.Mutex
	moments []coalescer.Moment // since the last look
	last    time.Time          // when the last came
	err     error
}

// read opens a watch that is given and reads it from what after stands for.
func (s *scene) read(user, target string, after etag.Tag) *reader {
	s.t.Helper()
	r := &reader{s: s, w: s.mustWatch(user, target)}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	r.wg.Go(func() { r.run(ctx, after) })
	s.calm()
	return r
}

func (r *reader) run(ctx context.Context, after etag.Tag) {
	for {
		m, err := r.w.Next(ctx, after)
		r.mu.Lock()
		if r.err = err; err != nil {
			r.mu.Unlock()
			return
		}
		r.moments, r.last = append(r.moments, m), time.Now()
		r.mu.Unlock()
		after = m.Tag
	}
}

// leave stops reading and closes the watch.
func (r *reader) leave() {
	r.stop()
	r.wg.Wait()
	r.w.Close()
}

// saw returns what has come since the last look.
func (r *reader) saw() []coalescer.Moment {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { r.moments = nil }()
	return r.moments
}

// wantRead checks the bodies that have come since the last look.
func (r *reader) wantRead(want ...string) {
	r.s.t.Helper()
	var got []string
	for _, m := range r.saw() {
		got = append(got, string(m.Body))
	}
	if !slices.Equal(got, want) {
		r.s.t.Errorf("watcher read %q, want %q", got, want)
	}
}

// wantEnded checks that the watch is over, or with nil that it goes on.
func (r *reader) wantEnded(want *coalescer.Ended) {
	r.s.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	checkEnded(r.s.t, r.err, want)
}

func checkEnded(t testing.TB, err error, want *coalescer.Ended) {
	t.Helper()
	ended, _ := errors.AsType[*coalescer.Ended](err)
	switch {
	case want == nil && err != nil:
		t.Errorf("watch ended with %v, want it to go on", err)
	case want != nil && (ended == nil || *ended != *want):
		t.Errorf("watch ended with %+v (%v), want %+v", ended, err, *want)
	}
}

func ended(status int) *coalescer.Ended { return &coalescer.Ended{Status: status} }

// wantCalls checks how many calls of each kind there were since the last look.
func (s *scene) wantCalls(what string, least, most map[string]int) {
	s.t.Helper()
	seen := byReason(s.up.saw())
	for reason, n := range seen {
		if n > most[reason] {
			s.t.Errorf("%s: %v calls, want at most %v", what, seen, most)
			return
		}
	}
	for reason, n := range least {
		if seen[reason] < n {
			s.t.Errorf("%s: %v calls, want at least %v", what, seen, least)
			return
		}
	}
}

// wantOneAtATime checks that no document was ever asked for twice at once.
func (s *scene) wantOneAtATime() {
	s.t.Helper()
	s.up.mu.Lock()
	defer s.up.mu.Unlock()
	if s.up.peak != 1 {
		s.t.Errorf("%d calls at a time, want 1", s.up.peak)
	}
}
