package coalescer_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// accounts is an upstream at which each user has a document, and a session that
// may be over.
type accounts struct {
	latency time.Duration

	mu      sync.Mutex
	version map[string]int  // guarded by mu, as the rest
	over    map[string]bool // sessions
}

func newAccounts() *accounts {
	return &accounts{version: map[string]int{}, over: map[string]bool{}}
}

// changes gives a user another state, and returns which.
func (a *accounts) changes(user string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version[user]++
	return a.version[user]
}

// ends has a session be over, or valid again.
func (a *accounts) ends(user string, over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over[user] = over
}

// answer tells what is so when the request comes.
func (a *accounts) answer(r *http.Request) reply {
	a.mu.Lock()
	defer a.mu.Unlock()
	user := userOf(r)
	tag := fmt.Sprintf(`"%s-%d"`, user, a.version[user])
	switch {
	case r.URL.Path == "/alone" && !a.over[user]:
		return page(tag, user, "Cache-Control: no-store").in(a.latency)
	case a.over[user]:
		return says(http.StatusUnauthorized).in(a.latency)
	case r.Header.Get("If-None-Match") == tag:
		return unchanged("ETag: " + tag).in(a.latency)
	}
	return page(tag, fmt.Sprint(user, " ", a.version[user]), "Cache-Control: private").in(a.latency)
}

// storing is the policy of a route whose private documents the fleet shares.
func storing() coalescer.Policy {
	policy := usual()
	policy.StorePrivate, policy.Lease = true, time.Minute
	return policy
}

// playPrivate is playFleet where instances share what is of one identity.
func playPrivate(t *testing.T, n int, policy coalescer.Policy, script func(*fleet, *accounts)) {
	t.Helper()
	playFleet(t, n, policy, func(f *fleet) {
		app := newAccounts()
		f.up.does(app.answer)
		for _, s := range f.instances {
			s.c.TellWrites()
		}
		script(f, app)
	})
}

func TestAFleetAsksOncePerIntervalOnBehalfOfOneIdentity(t *testing.T) {
	policy := storing()
	policy.Audit = time.Hour
	playPrivate(t, 3, policy, func(f *fleet, _ *accounts) {
		for range 60 {
			for _, s := range f.instances {
				s.get("alice", "/doc")
				f.wait(time.Second / 3)
			}
		}
		f.wantCallsBetween("a minute at intervals of 3 s", 17, 21) // three a second poll
	})
}

func TestAnInstanceThatIsStartedIsGivenTheBodyOfTheSameIdentityAlone(t *testing.T) {
	playPrivate(t, 2, storing(), func(f *fleet, _ *accounts) {
		first, second := f.instances[0], f.instances[1]
		f.want(first.get("alice", "/doc"), "200 fetched alice 0")
		f.want(second.get("alice", "/doc"), "200 collapsed alice 0")
		f.want(second.get("bob", "/doc"), "200 fetched bob 0")
		f.want(second.get("alice", "/other"), "200 fetched alice 0")
		f.want(second.get("", "/doc"), "200 fetched nobody 0")
	})
}

// What is of nobody is not mistaken for what is of somebody, and a route that does
// not say so shares nothing.
func TestWhatIsOfOneIdentityIsSharedOnlyWhereTheRouteSaysSo(t *testing.T) {
	for _, policy := range []coalescer.Policy{usual(), func() coalescer.Policy {
		p := storing()
		p.Share = coalescer.Verified // which has other rules for bodies
		return p
	}()} {
		playPrivate(t, 2, policy, func(f *fleet, _ *accounts) {
			f.instances[0].get("alice", "/doc")
			f.want(f.instances[1].get("alice", "/doc"), "200 fetched alice 0")
			for _, store := range f.stores {
				if len(store.said) > 0 {
					t.Errorf("share %v: the fleet was told %+v", policy.Share, store.said)
				}
			}
		})
	}
}

// An instance that holds nothing must not be told what its client has changed.
func TestWhoWroteAtOneInstanceIsNotToldTheStateBeforeByAnother(t *testing.T) {
	for writesAt := range 3 {
		playPrivate(t, 3, storing(), func(f *fleet, app *accounts) {
			f.instances[0].get("alice", "/doc")
			f.instances[0].get("bob", "/doc")
			f.wait(time.Second)
			app.changes("alice")
			f.instances[writesAt].wrote("alice")
			f.wait(time.Millisecond)
			f.want(f.instances[2].get("alice", "/doc"), "200 fetched alice 1")
			f.want(f.instances[2].get("bob", "/doc"), "200 collapsed bob 0")
			f.want(f.instances[1].get("alice", "/doc"), "200 collapsed alice 1")
		})
	}
}

// A call that was under way may have been answered before the write:
//
//	instance 1  ──► v0 ──────────────────► published
//	instance 2       write ──► answered
//	instance 3                                  poll ──► asks
func TestACallThatBeganBeforeAWriteAtAnotherInstanceTellsNobodyAfterIt(t *testing.T) {
	playPrivate(t, 3, storing(), func(f *fleet, app *accounts) {
		app.latency = time.Second
		wait := f.soon(func() { f.instances[0].get("alice", "/doc") })
		f.wait(time.Second / 2)
		app.changes("alice")
		f.instances[1].wrote("alice")
		wait()
		f.want(f.instances[2].get("alice", "/doc"), "200 fetched alice 1")
	})
}

func TestASessionThatIsOverIsGivenNothingByAnotherInstance(t *testing.T) {
	ends := map[string]func(s *scene){
		"it signs out":                        func(s *scene) { s.c.SignedOut(s.poll("alice", "/").Writer) },
		"it is refused another document":      func(s *scene) { s.get("alice", "/other") },
		"it is refused what passes by itself": func(s *scene) { s.get("alice", "/alone") },
		"it may not watch":                    func(s *scene) { s.watch("alice", "/other") },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			playPrivate(t, 2, storing(), func(f *fleet, app *accounts) {
				f.instances[0].get("alice", "/alone")
				f.instances[0].get("alice", "/doc")
				f.wait(time.Second)
				app.ends("alice", true)
				end(f.instances[0])
				if got := f.instances[1].get("alice", "/doc"); got.status != http.StatusUnauthorized {
					t.Errorf("got %s, want upstream's 401", got)
				}
			})
		})
	}
}

// A body that was proven at one instance is given out at another no longer than
// there.
func TestABodyIsGivenOutByNoInstanceLongerThanAuditAfterItsProof(t *testing.T) {
	policy := storing()
	policy.Audit = 10 * time.Second
	playPrivate(t, 3, policy, func(f *fleet, app *accounts) {
		f.instances[0].get("alice", "/doc")
		proven := time.Now()
		for i := range 20 {
			f.wait(time.Second)
			before := f.up.count()
			got := f.instances[i%3].get("alice", "/doc") // without a condition: wants the body
			if f.up.count() == before && time.Since(proven) > policy.Audit {
				t.Fatalf("%v after its proof instance %d gave out %s", time.Since(proven), i%3, got)
			}
			if got.outcome.String() == "fetched" {
				proven = time.Now()
			}
		}
	})
}

// A touch reaches the documents that an instance has. One that came before the
// document was there concerns what is told to it, too.
func TestNewsStretchNothingThatAnotherInstanceWasTold(t *testing.T) {
	playPrivate(t, 2, storing(), func(f *fleet, app *accounts) {
		for _, s := range f.instances {
			covered(s)
		}
		f.wait(time.Millisecond)
		first, second := f.instances[0], f.instances[1]
		first.get("alice", "/doc")
		app.changes("alice")
		second.touch("/doc")
		f.wait(2 * time.Second)
		f.want(second.get("alice", "/doc"), "200 collapsed alice 0")
		f.wait(1100 * time.Millisecond)
		f.want(second.get("alice", "/doc"), "200 fetched alice 1")
		f.want(first.get("alice", "/doc"), "200 hit alice 0") // which was not touched
		first.get("alice", "/late")
		f.wait(4 * time.Second)
		f.want(second.get("alice", "/late"), "200 fetched alice 1")
	})
}

// Permission to watch is each instance's own to prove.
func TestWhoWatchesIsToldNothingThatAnotherInstanceWasTold(t *testing.T) {
	playPrivate(t, 2, storing(), func(f *fleet, app *accounts) {
		f.instances[0].get("alice", "/doc")
		f.up.saw()
		r := f.instances[1].read("alice", "/doc", "")
		f.wait(10 * time.Second)
		app.changes("alice")
		f.wait(5 * time.Second)
		r.wantRead("alice 0", "alice 1")
		r.leave()
		if n := byReason(f.up.saw()); n["watch"]+n["verify"] < 5 {
			t.Errorf("upstream saw %v, want a call of the watch's own per interval", n)
		}
	})
}

// Users who poll, write and sign out at any instance, in any order. Nobody is given
// what is another's; what is not held by the instance itself is never older than
// the last write, and nothing is older than that by more than an interval.
func TestNoOrderOfPollsAndWritesHasAnInstanceTellWhatItMustNot(t *testing.T) {
	for seed := range uint64(40) {
		policy := storing()
		policy.Audit = 20 * time.Second
		playPrivate(t, 3, policy, func(f *fleet, app *accounts) {
			app.latency = 50 * time.Millisecond
			var wg sync.WaitGroup
			for _, user := range []string{"alice", "bob", "carol"} {
				wg.Go(func() { lives(f, app, user, rand.New(rand.NewPCG(seed, uint64(user[0])))) })
			}
			wg.Wait()
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// lives is one user's minutes.
func lives(f *fleet, app *accounts, user string, random *rand.Rand) {
	var written, version int // the state after the last write, and what is so
	var wroteAt time.Time
	var isOver bool
	for range 150 {
		f.wait(time.Duration(random.IntN(1200)) * time.Millisecond)
		s := f.instances[random.IntN(3)]
		switch {
		case random.IntN(10) == 0:
			version = app.changes(user)
			s.wrote(user)
			written, wroteAt = version, time.Now()
		case random.IntN(30) == 0:
			isOver = !isOver
			app.ends(user, isOver)
			s.c.SignedOut(s.poll(user, "/").Writer)
			wroteAt = time.Now()
		case random.IntN(10) == 0:
			version = app.changes(user) // somebody else's change
		}
		checkTold(f.t, s.get(user, "/doc"), expectation{user, written, isOver, time.Since(wroteAt)})
	}
}

// expectation is what a user may be told.
type expectation struct {
	user    string
	written int // the state after the last write, of which nothing older
	isOver  bool
	since   time.Duration // the last write or sign-out
}

func checkTold(t testing.TB, got told, e expectation) {
	t.Helper()
	mayBeHeld := got.outcome.String() == "hit" && e.since <= 4*time.Second
	if got.status != http.StatusOK {
		if !e.isOver && !mayBeHeld {
			t.Errorf("%s got %s, want the document", e.user, got)
		}
		return
	}
	who, text, _ := strings.Cut(got.body, " ")
	var version int
	fmt.Sscan(text, &version)
	switch {
	case who != e.user:
		t.Errorf("%s was told %q", e.user, got.body)
	case e.isOver && !mayBeHeld:
		t.Errorf("%s was told %s %v after signing out", e.user, got, e.since)
	case version < e.written && !mayBeHeld:
		t.Errorf("%s was told %s %v after writing state %d", e.user, got, e.since, e.written)
	}
}
