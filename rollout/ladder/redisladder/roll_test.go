package redisladder_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/redistest"
)

// awaitOthers waits until the instance knows these and no others.
func (i *instance) awaitOthers(names ...string) {
	i.t.Helper()
	var known []string
	i.await("whom it knows", func() bool {
		known = nil
		for _, m := range i.fleet.Others() {
			known = append(known, m.Name)
		}
		return slices.Equal(known, names)
	})
}

// Who comes knows at once who is there; those who are there know who came some seconds
// later.
func TestInstancesKnowEachOtherWhileTheyRun(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	a := join(t, "a", redis.Addr)
	a.awaitJoined(true)
	b := join(t, "b", redis.Addr)
	b.awaitOthers("a")
	join(t, "c", redis.Addr).awaitOthers("a", "b")
	b.stop()
	join(t, "d", redis.Addr).awaitOthers("a", "c")
	a.awaitOthers("c", "d")
	if m := a.fleet.Others()[0]; m.Build != "1" || m.Routes != "r" || m.Mode != "together" || time.Since(m.Heard) > patience {
		t.Errorf("got %+v, want what c says of itself, and lately", m)
	}
	if ttl := redis.Do(t, "PTTL", roll); ttl == "-1" || ttl == "-2" {
		t.Errorf("got a key with a PTTL of %s, want one that expires", ttl)
	}
}

func TestWhatIsInThePlaceOfTheRollAndCannotBeReadIsBegunAnew(t *testing.T) {
	redis := redistest.Start(t)
	for _, before := range []string{`nonsense`, `[]`, `7`, `{"x":7}`, `{"x":{"at":"now"}}`, `{"x":{"at":1,"keep":15000,"said":"{}"}}`, `{"x":{"at":1}}`} {
		redis.Do(t, "SET", roll, before)
		a := join(t, "a", redis.Addr)
		a.await("that it is on the roll", func() bool { return strings.Contains(redis.Do(t, "GET", roll), `\"name\":\"a\"`) })
		a.stop()
		if got := redis.Do(t, "GET", roll); got != "{}" {
			t.Errorf("got %s once it has left, want nobody", got)
		}
	}
}
