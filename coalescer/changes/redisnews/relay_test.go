package redisnews_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer/changes/redisnews"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/test/redistest"
)

// member is an instance of a fleet: it hears, and says.
type member struct {
	*listener
	relay *redisnews.Relay
	leave func() // waits until it has
}

func join(t *testing.T, address string, timeout time.Duration) *member {
	t.Helper()
	l := &listener{t, make(chan string, 10_000)}
	client, err := redisstore.Connect(redisstore.Options{URLs: []*url.URL{{Scheme: "redis", Host: address}}})
	if err != nil {
		t.Fatal(err)
	}
	relay := redisnews.NewRelay(redisnews.Options{
		Client: client, Timeout: timeout,
		Heard:   func() { l.came <- "heard" },
		Lost:    func(err error) { l.came <- "lost: " + err.Error() },
		Refused: func(err error) { l.came <- "refused: " + err.Error() },
	}, "fleet", func(message string) error {
		if strings.HasPrefix(message, "nonsense") {
			return fmt.Errorf("no news: %s", message)
		}
		l.came <- "news: " + message
		return nil
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { relay.Run(ctx) })
	m := &member{l, relay, func() {
		cancel()
		running.Wait()
	}}
	t.Cleanup(func() {
		m.leave()
		client.Close()
	})
	m.await("heard")
	return m
}

// wantNot fails if something that begins so has come.
func (m *member) wantNot(start string) {
	m.t.Helper()
	for {
		select {
		case got := <-m.came:
			if strings.HasPrefix(got, start) {
				m.t.Errorf("got %q", got)
			}
		default:
			return
		}
	}
}

func TestWhatOneInstanceSaysTheOthersHearInOrderAndItselfNot(t *testing.T) {
	redis := redistest.Start(t)
	a, b, c := join(t, redis.Addr, time.Minute), join(t, redis.Addr, time.Minute), join(t, redis.Addr, time.Minute)
	const messages = 100
	for i := range messages {
		a.relay.Say(fmt.Sprintf("%d\nof %d", i, messages))
	}
	for _, m := range []*member{b, c} {
		for i := range messages {
			if got, want := m.await("news: "), fmt.Sprintf("news: %d\nof %d", i, messages); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
		}
	}
	a.wantNot("news: ")
}

func TestAMessageThatIsMissedLosesTheSourceOnce(t *testing.T) {
	redis := redistest.Start(t)
	a, b := join(t, redis.Addr, time.Minute), join(t, redis.Addr, time.Minute)
	a.relay.Say("one")
	b.await("news: one")
	redis.Do(t, "PUBLISH", "fleet", "somebody 7 beat\n")
	redis.Do(t, "PUBLISH", "fleet", "somebody 9 news\ntwo") // 8 is missing
	if got := b.await("lost"); !strings.Contains(got, "messages were missed") {
		t.Errorf("got %q, want that messages were missed", got)
	}
	b.await("heard")
	redis.Do(t, "PUBLISH", "fleet", "somebody 12 beat\n") // what was missed while nothing was heard is over
	a.relay.Say("three")
	b.await("news: three")
	b.wantNot("lost")
}

func TestAnInstanceThatIsNotHeardOfAnyMoreLosesTheSourceUnlessItTookLeave(t *testing.T) {
	const timeout = 400 * time.Millisecond
	redis := redistest.Start(t)
	a, b := join(t, redis.Addr, timeout), join(t, redis.Addr, timeout)
	b.relay.Say("there")
	a.await("news: there")
	b.leave()
	redis.Do(t, "PUBLISH", "fleet", "somebody 1 news\nhere")
	a.await("news: here")
	if got := a.await("lost"); !strings.Contains(got, "another instance was last heard of") {
		t.Errorf("got %q, want that an instance is silent", got)
	}
	a.await("heard")
	for range 8 { // two timeouts
		a.await("heard")
	}
	a.wantNot("lost") // b took leave, and somebody is forgotten
}

func TestWhatCannotBeSaidIsMissed(t *testing.T) {
	redis := redistest.Start(t)
	a, b := join(t, redis.Addr, time.Minute), join(t, redis.Addr, time.Minute)
	a.relay.Say("one")
	b.await("news: one")
	redis.Do(t, "ACL", "SETUSER", "default", "-publish")
	a.relay.Say("two")
	eventuallyRefused(t, redis)
	redis.Do(t, "ACL", "SETUSER", "default", "+publish")
	a.relay.Say("three")
	if got := b.await("lost"); !strings.Contains(got, "messages were missed") {
		t.Errorf("got %q, want that messages were missed", got)
	}
}

// eventuallyRefused waits until Redis has refused a message.
func eventuallyRefused(t *testing.T, redis *redistest.Server) {
	t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(redis.Do(t, "INFO", "errorstats"), "NOPERM"); <-time.After(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nothing was refused")
		}
	}
}

func TestWhatNoInstanceSaysIsRefusedAndNothingElse(t *testing.T) {
	redis := redistest.Start(t)
	a, b := join(t, redis.Addr, time.Minute), join(t, redis.Addr, time.Minute)
	redis.Do(t, "PUBLISH", "fleet", "hello")
	b.await("refused: \"hello\" is nothing that an instance says")
	a.relay.Say("one")
	b.await("news: one")
}
