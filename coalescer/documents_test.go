package coalescer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// A hit that took one of them would wait for ever.
func TestAHitTakesNoLockOfTheStore(t *testing.T) {
	for _, tt := range hits {
		t.Run(tt.name, func(t *testing.T) {
			c, polls := warm(t, 1, tt.size, tt.line)
			c.Wrote(coalescer.Identity{1}) // so that it matters who did
			defer c.LockStore()()
			if a, err := c.Next(context.Background(), polls[0]); err != nil || a.How != coalescer.Hit || a.NotModified != tt.notModified {
				t.Errorf("got %+v, %v, want a hit", a, err)
			}
		})
	}
}

func TestWhatIsPolledAllTheTimeOutlastsWhatIsPolledOnce(t *testing.T) {
	policy := usual()
	policy.Interval, policy.MaxInterval, policy.Audit = time.Hour, time.Hour, time.Hour
	playWith(t, coalescer.Options{Documents: 200, Idle: time.Hour}, policy, func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		for i := range 2000 {
			s.wait(time.Millisecond)
			if g := s.get("alice", fmt.Sprint("/often/", i%50)); i >= 50 && g.String() != "200 hit one" {
				t.Fatalf("poll %d: got %q, want what is polled all the time to be there", i, g)
			}
			s.get("alice", fmt.Sprint("/once/", i))
		}
	})
}

// Documents come, go and are polled at the same time, by more than there is room for. Everybody is given its own, and in
// the end nothing is left over.
func TestTheStoreKeepsItsBooksWhileDocumentsComeAndGo(t *testing.T) {
	const room, targets = 40, 120
	synctest.Test(t, func(t *testing.T) {
		s := scene{t: t, route: newRoute(usual())}
		s.c = coalescer.New(coalescer.Options{
			Documents: room, Idle: time.Minute,
			Transport: lean(func(r *http.Request) (string, string) { return `"v1"`, r.URL.Path }),
		})
		defer s.c.Close()
		var polling sync.WaitGroup
		for seed := range uint64(8) {
			polling.Go(func() {
				rng := rand.New(rand.NewPCG(seed, 1))
				for range 500 {
					target := fmt.Sprint("/doc/", rng.IntN(1+rng.IntN(targets))) // some more often than others
					a, err := s.c.Next(context.Background(), s.poll("alice", target))
					if err != nil || string(a.Snapshot.Body) != target {
						t.Errorf("%s: got %+v, %v", target, a, err)
						return
					}
					if rng.IntN(50) == 0 {
						s.c.Touch("touch", target, "")
					}
				}
			})
		}
		polling.Wait()
		u := s.usage()
		if documents, bytes := s.c.Books(); documents != u.Documents || bytes != u.StoredBytes {
			t.Errorf("there are %d documents of %d bytes, the books say %+v", documents, bytes, u)
		}
		if u.Documents > room || u.Evicted == 0 {
			t.Errorf("%+v, want at most %d documents, and some evicted", u, room)
		}
		time.Sleep(3 * time.Minute)
		if u := s.usage(); u.Documents != 0 || u.StoredBytes != 0 {
			t.Errorf("%+v after nobody polled, want nothing", u)
		}
		if n := s.c.TouchAll("touch", func(string) bool { return true }); n != 0 {
			t.Errorf("news reach %d documents, want none", n)
		}
	})
}

func TestNoWriteIsForgottenHoweverManyFollow(t *testing.T) {
	policy := usual()
	policy.Interval, policy.MaxInterval, policy.Audit = time.Hour, time.Hour, time.Hour
	play(t, policy, func(s *scene) {
		s.up.says(page(`"v1"`, "before"))
		for _, user := range []string{"alice", "bob"} {
			s.get(user, "/doc")
		}
		s.wait(time.Second)
		s.up.says(page(`"v2"`, "after"))
		s.wrote("alice")
		for i := range 3000 {
			s.wrote(fmt.Sprint("user", i))
		}
		s.want(s.get("bob", "/doc"), "200 hit before") // their writes are not bob's
		for i := range 1 << 16 {
			s.wrote(fmt.Sprint("user", i))
		}
		s.want(s.get("alice", "/doc"), "200 fetched after")
	})
}
