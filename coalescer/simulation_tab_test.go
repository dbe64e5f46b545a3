package coalescer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
)

// simTab is a simulated browser tab: it polls a few targets with the tags that
// it has, writes now and then, and holds every answer against what may be.
type simTab struct {
	w       *simulation
	rng     *rand.Rand
	user    string
	session int
	accept  string
	targets []string
	polls   int
	has     map[string]*copyOf // by target; of this session
}

// copyOf is what a tab knows of a target.
type copyOf struct {
	tags    []string       // newest last
	version map[string]int // by tag
	newest  int            // ever shown
	written int            // by this identity, when the tab was told so
}

func (tab *simTab) identity() string { return fmt.Sprintf("%s.%d", tab.user, tab.session) }

// run polls n times.
func (tab *simTab) run(n int, quiet bool) {
	for range n {
		time.Sleep(time.Duration(tab.rng.Int64N(int64(1500 * time.Millisecond))))
		target := tab.targets[tab.rng.IntN(len(tab.targets))]
		switch dice := tab.rng.IntN(100); {
		case quiet:
		case dice < 3:
			tab.write(fmt.Sprint("/doc/", tab.rng.IntN(simBusy)))
		case dice < 5:
			target = fmt.Sprintf("/once/%d", tab.rng.IntN(1000)) // makes others be evicted
		case dice < 6:
			tab.signIn(tab.w.session(tab.user))
		}
		tab.poll(target, quiet)
	}
}

func (tab *simTab) signIn(session int) {
	if session != tab.session {
		tab.session, tab.has = session, map[string]*copyOf{}
	}
}

func (tab *simTab) copy(target string) *copyOf {
	if tab.has[target] == nil {
		tab.has[target] = &copyOf{version: map[string]int{}}
	}
	return tab.has[target]
}

// write changes a target; the coalescer is told before the writer is.
func (tab *simTab) write(target string) {
	time.Sleep(time.Duration(tab.rng.Int64N(int64(50 * time.Millisecond))))
	if _, dead := tab.w.app.diedAt(tab.identity()); dead {
		return
	}
	version := tab.w.app.edit(target)
	time.Sleep(time.Duration(tab.rng.Int64N(int64(50 * time.Millisecond))))
	tab.w.app.mu.Lock()
	tab.w.app.wrote[tab.identity()] = time.Now()
	tab.w.app.mu.Unlock()
	tab.w.s.wrote(tab.identity())
	tab.copy(target).written = version
}

// conditions returns what the tab brings: mostly its newest tag.
func (tab *simTab) conditions(has *copyOf, quiet bool) (lines, tags []string) {
	dice := tab.rng.IntN(100)
	switch n := len(has.tags); {
	case dice == 0:
		return []string{"If-None-Match: *"}, []string{"*"}
	case dice == 1 && !quiet:
		return []string{`If-None-Match: "of another instance"`}, nil
	case n == 0 || dice < 15:
		return nil, nil
	case dice < 25:
		tags = has.tags[max(0, n-3):]
	default:
		tags = has.tags[n-1:]
	}
	return []string{"If-None-Match: " + strings.Join(tags, ", ")}, tags
}

func (tab *simTab) poll(target string, quiet bool) {
	tab.polls++
	has := tab.copy(target)
	id := fmt.Sprintf("%s-%s-%d-%d", tab.user, tab.accept, len(tab.targets), tab.polls)
	lines, tags := tab.conditions(has, quiet)
	lines = append(lines, "Accept: "+tab.accept, "X-Request-Id: "+id)
	ctx, cancel := context.Background(), func() {}
	if !quiet && tab.rng.IntN(100) < 8 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(tab.rng.Int64N(int64(60*time.Millisecond))))
	}
	defer cancel()
	got := tab.w.s.ask(ctx, tab.w.s.poll(tab.identity(), target, lines...))
	for _, wrong := range tab.check(target, id, tags, got) {
		tab.w.s.t.Errorf("seed %d, %v, %s polls %s with %q: got %q, %v: %s",
			tab.w.seed, time.Since(tab.w.began), tab.identity(), target, lines, got, got.header, wrong)
	}
	tab.w.count(got)
	if got.status == http.StatusUnauthorized {
		tab.signIn(tab.w.session(tab.user))
	}
}

// check returns what is wrong with an answer, and keeps it.
func (tab *simTab) check(target, id string, tags []string, got told) (wrong []string) {
	object := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if got.err != nil || got.status != http.StatusOK && got.status != http.StatusNotModified {
		return nil // it was told that there is no answer
	}
	if cookie := got.header.Get("Set-Cookie"); cookie != "" && cookie != "for="+id {
		object("the cookie is another's")
	}
	remembered := got.outcome == ledger.Hit || got.outcome == ledger.Collapsed
	if remembered && (got.header.Get("Set-Cookie") != "" || got.header.Get("Cache-Control") != "") {
		object("it was for one reader alone")
	}
	has := tab.copy(target)
	version := has.newest
	switch tag := got.header.Get("ETag"); {
	case got.status == http.StatusOK:
		version = tab.read(target, got, object)
	case slices.Contains(tags, "*"): // whatever it has
		return wrong
	case !slices.Contains(tags, tag):
		object("a 304 that was not asked for")
	default:
		version = has.version[tag]
	}
	tab.checkAge(target, version, has, got, object)
	return wrong
}

// read takes a body apart, and holds that it is the tab's own.
func (tab *simTab) read(target string, got told, object func(string, ...any)) (version int) {
	mine := fmt.Sprintf("%s %s %q ", tab.identity(), target, tab.accept)
	rest, ok := strings.CutPrefix(strings.TrimSpace(got.body), mine)
	if _, err := fmt.Sscan(rest, &version); !ok || err != nil {
		object("the body is another's, want it to begin with %q", mine)
	}
	limit := simAudit
	if got.answer.Covered {
		limit += simStaleIfError
	}
	if at, dead := tab.w.app.diedAt(tab.identity()); dead && time.Since(at) > limit {
		object("the session has been dead for %v", time.Since(at))
	}
	has := tab.copy(target)
	if tag := got.header.Get("ETag"); tag != "" {
		has.tags = slices.DeleteFunc(has.tags, func(t string) bool { return t == tag })
		has.tags = append(has.tags, tag)
		has.version[tag] = version
	}
	return version
}

// checkAge holds that an answer is not older than the interval, than what the
// tab had, and than what its identity wrote; unless upstream failed.
func (tab *simTab) checkAge(target string, version int, has *copyOf, got told, object func(string, ...any)) {
	limit := simInterval
	if got.answer.Covered {
		limit += simStaleIfError
	}
	if oldest := tab.w.app.versionAt(target, time.Now().Add(-limit)); version < oldest {
		object("version %d was replaced by %d more than %v ago", version, oldest, limit)
	}
	if !got.answer.Covered && version < has.newest {
		object("version %d, but the tab had %d", version, has.newest)
	}
	if !got.answer.Covered && version < has.written {
		object("version %d, but it wrote %d", version, has.written)
	}
	has.newest = max(has.newest, version)
}
