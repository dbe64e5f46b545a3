package redisladder_test

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/ladder"
	"github.com/pollard-proxy/pollard/rollout/ladder/redisladder"
	"github.com/pollard-proxy/pollard/test/redistest"
)

// patience is how long the fleet may take to agree. It is no promise: the machine
// may be busy.
const patience = 20 * time.Second

const (
	key  = "pollard:rollout:test"
	roll = "pollard:instances:test"
)

var (
	coalesced = ladder.Position{Stage: rollout.Coalesce, Percent: rollout.Everyone}
	pushed    = ladder.Position{Stage: rollout.Push, Percent: 25_000}
)

// instance is one of a fleet.
type instance struct {
	*ladder.Ladder
	fleet *redisladder.Fleet
	t     *testing.T
	stop  func()
	put   chan struct{} // holds one when a state was put in force since somebody looked
}

// join starts an instance that reaches Redis at an address.
func join(t *testing.T, name, address string) *instance {
	t.Helper()
	i := &instance{t: t, put: make(chan struct{}, 1)}
	i.Ladder = ladder.Open(ladder.Options{Instance: name, Log: slog.New(slog.DiscardHandler)})
	try(t, i.Configure(map[string]ladder.Position{"one": coalesced}, func(*ladder.State) error { i.wake(); return nil }))
	client, err := redisstore.Connect(redisstore.Options{URLs: []*url.URL{{Scheme: "redis", Host: address}}})
	try(t, err)
	i.fleet = redisladder.New(redisladder.Options{
		Client: client, Key: key, Ladder: i.Ladder, OnJoin: func(error) { i.wake() },
		Roll: roll, Self: func() redisladder.Member {
			return redisladder.Member{Name: name, Build: "1", Routes: "r", Mode: "together"}
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { i.fleet.Run(ctx) })
	i.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		i.Close()
		client.Close()
	})
	t.Cleanup(i.stop)
	return i
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil && !strings.Contains(err.Error(), ladder.ErrNoFolder.Error()) {
		t.Fatal(err)
	}
}

func (i *instance) wake() {
	select {
	case i.put <- struct{}{}:
	default:
	}
}

// await waits for what the instance is to know.
func (i *instance) await(what string, isSo func() bool) {
	i.t.Helper()
	end := time.After(patience)
	for !isSo() {
		select {
		case <-i.put:
		case <-time.After(10 * time.Millisecond): // Redis has no signal
		case <-end:
			i.t.Fatalf("never came: %s; it stands at %v, %v", what, i.State().InForce("one"), i.fleet.Apart())
		}
	}
}

func (i *instance) awaitAt(p ladder.Position) {
	i.t.Helper()
	i.await(p.String(), func() bool { return i.State().InForce("one") == p })
}

func (i *instance) awaitKilled() {
	i.t.Helper()
	i.await("a kill", func() bool { return i.State().InForce("one").Stage == rollout.Off })
}

func (i *instance) awaitJoined(joined bool) {
	i.t.Helper()
	i.await("joined or not", func() bool { return (i.fleet.Apart() == nil) == joined })
}

func (i *instance) move(to ladder.Position) {
	i.t.Helper()
	try(i.t, i.Move(ladder.Change{Route: "one", Stage: &to.Stage, Percent: &to.Percent, Who: "alice", Why: "a test"}))
}

func TestWhatOneInstanceIsToldHoldsOnAll(t *testing.T) {
	redis := redistest.Start(t)
	a, b := join(t, "a", redis.Addr), join(t, "b", redis.Addr)
	a.move(pushed)
	b.awaitAt(pushed)
	if log := b.Log("one", 1); len(log) != 1 || log[0].Instance != "a" || log[0].Who != "alice" || log[0].Why != "a test" {
		t.Errorf("got %+v in the audit log of the other, want who moved it, why and where", log)
	}
	try(t, b.Kill("bob", "it burns"))
	a.awaitKilled()
	try(t, a.Revive("alice", ""))
	b.awaitAt(pushed)
	join(t, "c", redis.Addr).awaitAt(pushed)
	if redis.Do(t, "PTTL", key) == "-1" {
		t.Error("got a key that never expires")
	}
}

func TestANewInstanceOfAKilledFleetIsKilledBeforeItServes(t *testing.T) {
	redis := redistest.Start(t)
	a := join(t, "a", redis.Addr)
	try(t, a.Kill("alice", "it burns"))
	a.await("that the fleet knows", func() bool { return redis.Do(t, "EXISTS", key) == "1" })
	b := ladder.Open(ladder.Options{Instance: "b", Log: slog.New(slog.DiscardHandler)})
	try(t, b.Configure(map[string]ladder.Position{"one": coalesced}, func(*ladder.State) error { return nil }))
	client, err := redisstore.Connect(redisstore.Options{URLs: []*url.URL{{Scheme: "redis", Host: redis.Addr}}})
	try(t, err)
	defer client.Close()
	redisladder.New(redisladder.Options{Client: client, Key: key, Ladder: b}).Join(t.Context())
	if b.State().Kill == nil {
		t.Error("got an instance that is not killed")
	}
}

func TestTheRightsThatTheStoreHasAreEnough(t *testing.T) {
	redis := redistest.Start(t)
	redis.Do(t, slices.Concat([]string{"ACL", "SETUSER", "default", "reset", "on", "nopass"}, strings.Fields(redisstore.Rights))...)
	a, b := join(t, "a", redis.Addr), join(t, "b", redis.Addr)
	a.move(pushed)
	b.awaitAt(pushed)
	b.awaitJoined(true)
	a.awaitJoined(true)
	join(t, "c", redis.Addr).awaitOthers("a", "b")
}

func TestAHintThatIsLostIsNoWordThatIsLost(t *testing.T) {
	redis := redistest.Start(t)
	b := join(t, "b", redis.Addr)
	b.awaitJoined(true)
	a := join(t, "a", redis.Addr)
	a.awaitJoined(true)
	redis.Do(t, "ACL", "SETUSER", "default", "resetchannels") // nobody may publish or subscribe any more; the writing script fails with it
	a.move(pushed)
	a.awaitJoined(false)
	redis.Do(t, "ACL", "SETUSER", "default", "allchannels")
	redis.Do(t, "CLIENT", "KILL", "TYPE", "pubsub")
	b.awaitAt(pushed)
}

func TestWithoutRedisAnInstanceIsKilledAtOnceAndTheOthersWhenItIsBack(t *testing.T) {
	redis := redistest.Start(t)
	wire := redistest.NewWire(t, redis.Addr)
	a, b := join(t, "a", wire.Addr), join(t, "b", redis.Addr)
	a.awaitJoined(true)
	b.awaitJoined(true)
	wire.Cut(true)
	a.awaitJoined(false)
	try(t, a.Kill("alice", "it burns"))
	if got := a.State().InForce("one").Stage; got != rollout.Off {
		t.Fatalf("got %v at once, want off", got)
	}
	for range 3 { // however much is said meanwhile
		try(t, b.Kill("bob", ""))
		try(t, b.Revive("bob", ""))
	}
	b.move(pushed)
	wire.Cut(false)
	b.awaitKilled()
	a.await("the move beside the kill", func() bool { return a.State().Position("one") == pushed })
	try(t, b.Revive("bob", "it does not"))
	a.awaitAt(pushed)
}

func TestARedisThatComesBackEmptyIsToldWhereTheFleetStands(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	a, b := join(t, "a", redis.Addr), join(t, "b", redis.Addr)
	a.move(pushed)
	b.awaitAt(pushed)
	redis.Stop()
	a.awaitJoined(false)
	b.awaitJoined(false)
	try(t, b.Kill("bob", "it burns"))
	redis.Run(t)
	a.awaitKilled()
	c := join(t, "c", redis.Addr)
	c.await("the move", func() bool { return c.State().Position("one") == pushed })
}

func TestAPausedRedisHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	a, b := join(t, "a", redis.Addr), join(t, "b", redis.Addr)
	a.awaitJoined(true)
	b.awaitJoined(true)
	redis.Pause()
	try(t, a.Kill("alice", "it burns"))
	if got := a.State().InForce("one").Stage; got != rollout.Off {
		t.Errorf("got %v at once, want off", got)
	}
	a.awaitJoined(false)
	redis.Resume()
	b.awaitKilled()
}

func TestAKeyOfALaterVersionIsLeftAlone(t *testing.T) {
	redis := redistest.Start(t)
	const later = `{"format":2}`
	redis.Do(t, "SET", key, later)
	a := join(t, "a", redis.Addr)
	a.await("why it is apart", func() bool { return strings.Contains(a.fleet.Apart().Error(), "format 2") })
	a.move(pushed)
	a.awaitAt(pushed)
	if got := redis.Do(t, "GET", key); got != later {
		t.Errorf("got %s in Redis, want what was there", got)
	}
}

// Whatever somebody has put there is not read once a second by all instances.
func TestAKeyThatIsTooLargeIsLeftInRedis(t *testing.T) {
	redis := redistest.Start(t)
	redis.Do(t, "SETRANGE", key, strconv.Itoa(ladder.MaxJoint), "x")
	a := join(t, "a", redis.Addr)
	a.await("why it is apart", func() bool { return strings.Contains(a.fleet.Apart().Error(), "larger than") })
	_, after, _ := strings.Cut(redis.Do(t, "INFO", "stats"), "total_net_output_bytes:")
	digits, _, _ := strings.Cut(after, "\r")
	if sent, err := strconv.Atoi(digits); err != nil || sent > ladder.MaxJoint/2 {
		t.Errorf("Redis sent %q bytes, error %v, want the key left there", digits, err)
	}
}
