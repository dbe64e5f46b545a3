package coalescer_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
)

// simApp is the simulated application. Its documents have versions, and bodies
// that say whose they are: "session target variant version". Everything random
// in it is a hash of the seed, the moment and the request, so that the order in
// which goroutines run does not matter.
type simApp struct {
	seed   uint64
	stamps bool // GitLab's tags: one per path, answered with 304 before authentication; else digests of the body

	mu     sync.Mutex
	edits  map[string][]time.Time // when each version after the first began, by target
	dead   map[string]time.Time   // sessions that were signed out
	mood   map[string]mood        // by target
	weary  weather                // of all
	wrote  map[string]time.Time   // by session
	calls  map[string][]liveCall  // by document
	doubly []string               // two calls of a document at once, without a write
	asked  map[string]int         // calls by document since the last reset
}

// mood is how answers for a target are marked for one reader alone.
type mood int

const (
	shareable mood = iota
	withCookie
	withNoStore
	withoutTag
	tooLarge
	cutOff
	moods
)

// weather is how upstream is.
type weather int

const (
	fine weather = iota
	slow
	failing // answers 503
	refusing
	hanging
	weathers
)

type liveCall struct {
	ctx   context.Context
	began time.Time
}

func newSimApp(seed uint64, stamps bool) *simApp {
	return &simApp{
		seed: seed, stamps: stamps,
		edits: map[string][]time.Time{}, dead: map[string]time.Time{}, mood: map[string]mood{},
		wrote: map[string]time.Time{}, calls: map[string][]liveCall{}, asked: map[string]int{},
	}
}

// roll returns a number below n for this request and moment.
func (a *simApp) roll(r *http.Request, salt string, n int) int {
	h := fnv.New64a()
	fmt.Fprint(h, a.seed, time.Now().UnixNano(), userOf(r), r.URL, salt)
	return int(h.Sum64() >> 33 % uint64(n))
}

// versionAt returns the version that was current at a time.
func (a *simApp) versionAt(target string, at time.Time) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	edits := a.edits[target]
	n := len(edits)
	for n > 0 && edits[n-1].After(at) {
		n--
	}
	return n
}

// edit makes a new version of a target and returns it.
func (a *simApp) edit(target string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.edits[target] = append(a.edits[target], time.Now())
	return len(a.edits[target])
}

// diedAt returns when a session was signed out.
func (a *simApp) diedAt(session string) (at time.Time, dead bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, dead = a.dead[session]
	return at, dead
}

// answer takes half of its time before it looks, and half after.
func (a *simApp) answer(r *http.Request) reply {
	a.mu.Lock()
	now := a.weary
	a.mu.Unlock()
	half := time.Duration(a.roll(r, "before", 30)+1) * time.Millisecond
	if now == slow {
		half = time.Duration(a.roll(r, "slow", 900)) * time.Millisecond
	}
	half += time.Duration(a.roll(r, "jitter", 1e6))
	if now == hanging {
		half = 10 * time.Second // longer than the timeout
	}
	select {
	case <-time.After(half):
	case <-r.Context().Done():
		return broken(context.Cause(r.Context()))
	}
	switch now {
	case failing:
		return says(503, "Retry-After: 2")
	case refusing, hanging:
		return broken(errRefused)
	}
	return a.look(r).in(half)
}

// look is the answer as of now.
func (a *simApp) look(r *http.Request) reply {
	a.mu.Lock()
	defer a.mu.Unlock()
	session, target := userOf(r), r.URL.RequestURI()
	content := fmt.Sprintf("%s %s %q %d", session, target, r.Header.Get("Accept"), len(a.edits[target]))
	_, dead := a.dead[session]
	refused := dead || session == "nobody"
	tag := a.tag(target, content)
	notModified := strings.Contains(r.Header.Get("If-None-Match"), tag)
	switch {
	case a.stamps && r.Header.Get("If-None-Match") == tag:
		return a.moody(r, target, unchanged("ETag: "+tag))
	case a.stamps && refused:
		return says(401, "ETag: "+tag)
	case refused:
		return says(401)
	case !a.stamps && notModified:
		return a.moody(r, target, unchanged("ETag: "+tag))
	}
	return a.moody(r, target, page(tag, content))
}

func (a *simApp) tag(target, content string) string {
	h := fnv.New64a()
	if a.stamps {
		fmt.Fprint(h, a.seed, target, len(a.edits[target]))
		return fmt.Sprintf(`W/"%032x"`, h.Sum64())
	}
	fmt.Fprint(h, content)
	return fmt.Sprintf(`"%016x"`, h.Sum64())
}

// moody marks an answer as the mood of its target has it. A cookie names the
// request that it was for.
func (a *simApp) moody(r *http.Request, target string, said reply) reply {
	full := said.status == http.StatusOK
	switch mood := a.mood[target]; {
	case mood == withCookie:
		said.header.Set("Set-Cookie", "for="+r.Header.Get("X-Request-Id"))
	case mood == withNoStore:
		said.header.Set("Cache-Control", "no-store")
	case mood == withoutTag && full:
		said.header.Del("ETag")
	case mood == tooLarge && full:
		said.body += strings.Repeat(" ", simMaxBody)
		said = said.chunked()
	case mood == cutOff && full:
		said.breaksOff = true
	}
	return said
}

// watched is the way to the application, which holds that no two calls of a
// document are under way at once unless its owner wrote meanwhile. A call that
// was given up counts no more.
type watched struct {
	*upstream
	app *simApp
}

func (w watched) RoundTrip(r *http.Request) (*http.Response, error) {
	if reason := reasonOf(r); reason != ledger.Probe && reason != ledger.Pass {
		defer w.app.enter(r)()
	}
	return w.upstream.RoundTrip(r)
}

func (a *simApp) enter(r *http.Request) (leave func()) {
	document := fmt.Sprint(userOf(r), " ", r.URL.RequestURI(), " ", r.Header.Get("Accept"))
	call := liveCall{r.Context(), time.Now()}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, other := range a.calls[document] {
		if other.ctx.Err() == nil && a.wrote[userOf(r)].Before(other.began) {
			a.doubly = append(a.doubly, document)
		}
	}
	a.calls[document] = append(a.calls[document], call)
	a.asked[document]++
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.calls[document] = deleteCall(a.calls[document], call)
	}
}

func deleteCall(calls []liveCall, gone liveCall) []liveCall {
	var left []liveCall
	for _, c := range calls {
		if c != gone {
			left = append(left, c)
		}
	}
	return left
}
