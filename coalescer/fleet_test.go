package coalescer_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/memorystore"
	"github.com/pollard-proxy/pollard/ledger"
)

// fleet is instances between one upstream and those who poll.
type fleet struct {
	*scene    // upstream, route, and how users ask
	instances []*scene
	stores    []*notingStore // of the instances
}

// notingStore is a store that notes what it is told.
type notingStore struct {
	coalescer.Store
	mu   sync.Mutex
	said []coalescer.Said
	down bool
	deaf int // every so many hints are lost; 0: none
	hint int // how many have come
}

// Watch is coalescer.Store's.
func (s *notingStore) Watch(name coalescer.Name, changed func()) (stop func()) {
	return s.Store.Watch(name, func() {
		if !s.loses() {
			changed()
		}
	})
}

// loses reports whether the hint that has come is lost.
func (s *notingStore) loses() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hint++
	return s.deaf > 0 && s.hint%s.deaf == 0
}

type noted struct {
	coalescer.Turn
	of *notingStore
}

func (s *notingStore) Begin(ctx context.Context, name coalescer.Name, t coalescer.Terms) (coalescer.Turn, *coalescer.Said, error) {
	s.mu.Lock()
	down := s.down
	s.mu.Unlock()
	if down {
		return nil, nil, errRefused
	}
	turn, said, err := s.Store.Begin(ctx, name, t)
	if turn != nil {
		turn = noted{turn, s}
	}
	return turn, said, err
}

func (t noted) Publish(s *coalescer.Said) {
	t.of.mu.Lock()
	t.of.said = append(t.of.said, *s)
	t.of.mu.Unlock()
	t.Turn.Publish(s)
}

// playFleet runs a script with n instances in a bubble of its own time.
func playFleet(t *testing.T, n int, policy coalescer.Policy, script func(*fleet)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store, up := memorystore.New(memorystore.Options{}), newUpstream(t)
		f := &fleet{}
		for range n {
			noting := &notingStore{Store: store.Instance()}
			s := &scene{t: t, up: up, route: newRoute(policy)}
			s.c = coalescer.New(coalescer.Options{Transport: up, Store: noting})
			f.instances, f.stores = append(f.instances, s), append(f.stores, noting)
		}
		f.scene = f.instances[0]
		script(f)
		for _, s := range f.instances {
			s.c.Close()
		}
		up.wantQuiet()
	})
}

// polls has users poll at all instances, once a second each, for so long.
func (f *fleet) polls(users int, target string, d time.Duration, lines ...string) {
	var wg sync.WaitGroup
	for i := range users {
		s := f.instances[i%len(f.instances)]
		wg.Go(func() {
			time.Sleep(time.Duration(i) * 997 * time.Millisecond % time.Second)
			for began := time.Now(); time.Since(began) < d; time.Sleep(time.Second) {
				s.get(fmt.Sprint("user", i), target, lines...)
			}
		})
	}
	wg.Wait()
}

func (f *fleet) wantCallsBetween(what string, least, most int) {
	f.t.Helper()
	if n := len(f.up.saw()); n < least || n > most {
		f.t.Errorf("%s: %d calls, want %d to %d", what, n, least, most)
	}
}

func TestAFleetAsksOncePerInterval(t *testing.T) {
	policy := sharing(coalescer.Everything)
	policy.Audit = time.Hour
	playFleet(t, 3, policy, func(f *fleet) {
		f.up.does(newSheet(`"v1"`, "one").answer)
		f.polls(300, "/doc", time.Minute)
		f.wantCallsBetween("a minute at intervals of 3 s", 20, 21)
	})
}

// Nobody has the body: all instances were started again while their clients' pages stayed open.
func TestAFleetThatKnowsTheTagAloneAsksOncePerInterval(t *testing.T) {
	policy := sharing(coalescer.Everything)
	policy.Audit = time.Hour
	playFleet(t, 3, policy, func(f *fleet) {
		f.up.does(newSheet(`"v1"`, "one").answer)
		f.polls(30, "/doc", time.Minute, `If-None-Match: "v1"`)
		f.wantCallsBetween("a minute at intervals of 3 s", 20, 21)
	})
}

func TestAnInstanceThatIsStartedIsGivenTheBodyByTheFleet(t *testing.T) {
	policy := sharing(coalescer.Everything)
	policy.Audit = time.Hour
	playFleet(t, 2, policy, func(f *fleet) {
		f.up.does(newSheet(`"v1"`, "one").answer)
		f.instances[0].get("alice", "/doc")
		f.wantCallsBetween("the first poll", 1, 1)
		second := f.instances[1]
		second.get("bob", "/doc", `If-None-Match: "v1"`)
		second.want(second.get("carol", "/doc"), "200 hit one")
		f.wantCallsBetween("at the second instance", 0, 0)
	})
}

func TestAFleetProbesOncePerInterval(t *testing.T) {
	policy := sharing(coalescer.Changes)
	policy.Audit, policy.Lease = time.Hour, time.Hour
	playFleet(t, 3, policy, func(f *fleet) {
		f.up.does(newGitLab().answer)
		f.polls(60, "/doc", time.Minute)
		if seen := byReason(f.up.saw()); seen["probe"] > 21 || seen["poll"] > 60 {
			t.Errorf("%v calls, want one probe per interval for all instances", seen)
		}
	})
}

func TestWithoutItsStoreAnInstanceAsksForItself(t *testing.T) {
	policy := sharing(coalescer.Everything)
	policy.Audit = time.Hour
	playFleet(t, 3, policy, func(f *fleet) {
		f.up.does(newSheet(`"v1"`, "one").answer)
		f.setDown(true)
		f.polls(30, "/doc", time.Minute)
		f.wantCallsBetween("a minute alone", 3*20, 3*21)
		f.setDown(false)
		f.polls(30, "/doc", time.Minute)
		f.wantCallsBetween("a minute together again", 19, 23)
	})
}

func (f *fleet) setDown(down bool) {
	for _, store := range f.stores {
		store.mu.Lock()
		store.down = down
		store.mu.Unlock()
	}
}

func TestWatchersOfAllInstancesAreToldAtOnce(t *testing.T) {
	policy := sharing(coalescer.Everything)
	policy.Audit, policy.Lease = time.Hour, time.Hour
	playFleet(t, 3, policy, func(f *fleet) {
		app := newSheet(`"v1"`, "one")
		f.up.does(app.answer)
		var readers []*reader
		for _, s := range f.instances {
			readers = append(readers, s.read("alice", "/doc", ""))
		}
		f.wait(10 * time.Second)
		app.turns(`"v2"`, "two")
		f.wait(lastTick + time.Second)
		var first, last time.Time
		for _, r := range readers {
			r.mu.Lock()
			at := r.last
			r.mu.Unlock()
			if first.IsZero() || at.Before(first) {
				first = at
			}
			if at.After(last) {
				last = at
			}
			r.wantRead("one", "two")
			r.leave()
		}
		if d := last.Sub(first); d > 100*time.Millisecond {
			t.Errorf("the last instance told its watcher %v after the first, want it to hear of it", d)
		}
	})
}

func TestWatchersAreToldWithinAnIntervalWhereHintsAreLost(t *testing.T) {
	policy := sharing(coalescer.Everything)
	policy.Audit, policy.Lease = time.Hour, time.Hour
	for _, deaf := range []int{10, 1} {
		playFleet(t, 3, policy, func(f *fleet) {
			app := newSheet(`"v0"`, "v0")
			f.up.does(app.answer)
			var readers []*reader
			for i, s := range f.instances {
				f.stores[i].deaf = deaf
				readers = append(readers, s.read("alice", "/doc", ""))
			}
			f.wait(10 * time.Second)
			states := []string{"v0"}
			for i := range 40 {
				states = append(states, fmt.Sprint("v", i+1))
				app.turns(fmt.Sprintf(`"v%d"`, i+1), states[i+1])
				f.wait(lastTick + time.Second)
			}
			lost := 0
			for i, r := range readers {
				r.wantRead(states...)
				r.leave()
				lost += f.stores[i].hint / deaf
			}
			if lost == 0 {
				t.Errorf("every %d. hint is lost: got none", deaf)
			}
		})
	}
}

// What is of one identity stays in the instance that it was given to.
func TestNothingOfAnIdentityIsToldToTheFleet(t *testing.T) {
	for _, share := range []coalescer.Share{coalescer.Nothing, coalescer.Changes, coalescer.Verified} {
		policy := sharing(share)
		playFleet(t, 2, policy, func(f *fleet) {
			app := newGitLab()
			f.up.does(app.answer)
			for i := range 20 {
				f.polls(10, "/doc", 5*time.Second)
				if i%5 == 0 {
					app.touch()
				}
			}
			for _, store := range f.stores {
				for _, said := range store.said {
					if said.Header != nil || len(said.Body) > 0 || strings.Contains(string(said.Tag), "user") {
						t.Errorf("share %v: the fleet was told %q with %d fields", share, said.Body, len(said.Header))
					}
				}
			}
		})
	}
}

// A writer without an identity reads its own write, whichever instance was told of
// the state before it.
func TestAWriterIsNotGivenWhatAnotherInstanceWasToldBefore(t *testing.T) {
	policy := sharing(coalescer.Everything)
	playFleet(t, 2, policy, func(f *fleet) {
		app := newSheet(`"v1"`, "one")
		f.up.does(app.answer)
		f.instances[0].get("alice", "/doc")
		app.turns(`"v2"`, "two")
		f.instances[1].wrote("bob")
		if got := f.instances[1].get("bob", "/doc"); got.body != "two" {
			t.Errorf("the writer got %q, want its own write", got.body)
		}
		if got := f.instances[1].get("alice", "/doc", `If-None-Match: "v0"`); got.status != http.StatusOK || got.body != "two" {
			t.Errorf("a reader of the same instance got %s", got)
		}
	})
}

// A touch concerns what the other instances were told before it, too.
func TestWhatAnotherInstanceWasToldBeforeATouchWillNotDo(t *testing.T) {
	policy := sharing(coalescer.Everything)
	playFleet(t, 2, policy, func(f *fleet) {
		app := newSheet(`"v1"`, "one")
		f.up.does(app.answer)
		f.instances[1].get("alice", "/doc")
		f.wait(time.Second)
		f.instances[0].get("alice", "/doc")
		app.turns(`"v2"`, "two")
		f.instances[1].c.Touch(ledger.TouchAPI, "/doc", "")
		f.wait(time.Millisecond)
		f.want(f.instances[1].get("bob", "/doc"), "200 fetched two")
	})
}

// A client that has been told by one instance is never told less by the next.
func TestAClientThatIsAheadIsToldNothingOlderByAnotherInstance(t *testing.T) {
	policy := sharing(coalescer.Everything)
	playFleet(t, 2, policy, func(f *fleet) {
		app := newSheet(`"v1"`, "one")
		f.up.does(app.answer)
		f.instances[1].get("alice", "/doc")
		f.wait(2900 * time.Millisecond)
		app.turns(`"v2"`, "two")
		f.wait(200 * time.Millisecond)
		f.want(f.instances[0].get("alice", "/doc"), "200 fetched two")
		if got := f.instances[1].get("alice", "/doc", `If-None-Match: "v2"`); got.status != http.StatusNotModified {
			t.Errorf("the other instance said %s, want that it is current", got)
		}
	})
}

// What another instance was told may be as old as the interval: that is not how
// long upstream takes.
func TestAnInstanceThatIsToldDoesNotTakeUpstreamForSlow(t *testing.T) {
	policy := adaptive()
	playFleet(t, 2, policy, func(f *fleet) {
		app := newSheet(`"v1"`, "one")
		f.up.does(app.answer)
		pollBoth := func(seconds int) (second told) {
			for range seconds {
				f.instances[0].get("alice", "/doc")
				f.wait(900 * time.Millisecond)
				second = f.instances[1].get("bob", "/doc")
				f.wait(100 * time.Millisecond)
			}
			return second
		}
		pollBoth(10)
		app.turns(`"v2"`, "two")
		if got := pollBoth(3); got.body != "two" {
			t.Errorf("3 s after a change the second instance says %s, want the change", got)
		}
	})
}

// A touch reaches the documents that an instance has. One that came before the
// document was there concerns what is told to it, too.
func TestADocumentThatIsNewIsToldNothingOldUnderTheCoverOfNews(t *testing.T) {
	policy := sharing(coalescer.Everything)
	policy.Audit = time.Hour
	playFleet(t, 2, policy, func(f *fleet) {
		for _, s := range f.instances {
			covered(s)
		}
		f.wait(time.Millisecond)
		first, second := f.instances[0], f.instances[1]
		app := newSheet(`"v1"`, "before")
		f.up.does(app.answer)
		first.get("alice", "/doc")
		first.get("alice", "/late")
		app.turns(`"v2"`, "after")
		for _, path := range []string{"/doc", "/late"} {
			second.touch(path) // of which it has no document
		}
		f.wait(2 * time.Second)
		f.want(second.get("bob", "/doc"), "200 collapsed before")
		f.wait(1100 * time.Millisecond)
		f.want(second.get("bob", "/doc"), "200 fetched after")
		f.want(second.get("bob", "/late"), "200 fetched after")
		f.up.saw()
		f.wait(20 * time.Second)
		f.want(second.get("bob", "/doc"), "200 hit after")
		f.wantCallsBetween("what was asked for since the document was there", 0, 0)
	})
}
