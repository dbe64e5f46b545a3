package fleet

import (
	"flag"
	"fmt"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/redistest"
)

const (
	instances = 3
	interval  = time.Second
)

// The defaults are for every day; `make test-fleet-long` takes the figures of a larger fleet.
var (
	clients = flag.Int("clients", 300, "who poll")
	calm    = flag.Duration("calm", 3*time.Second, "how long each stretch is in which calls are counted")
	away    = flag.Duration("away", 3*time.Second, "how long Redis is killed")
	strict  = flag.Bool("strict", false, "hold calls per interval to 1.00 ± 0.02 in every stretch, and who asks to an answer in time, which a busy machine does not keep")
)

// fleet is three instances, their Redis, and the upstream behind them.
type fleet struct {
	redis     *redistest.Server
	upstream  *upstream
	instances []*instance
}

// assemble starts a fleet that ends with the test.
func assemble(t *testing.T, route ...string) *fleet {
	t.Helper()
	takesSeconds(t)
	redis := redistest.Start(t)
	return join(t, redis, []string{"redis://" + redis.Addr}, route...)
}

func takesSeconds(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
}

// join starts a fleet that reaches its Redis by URLs.
func join(t *testing.T, redis *redistest.Server, urls []string, route ...string) *fleet {
	t.Helper()
	f := &fleet{redis: redis, upstream: newUpstream(t)}
	for i := range instances {
		in := configure(t, f.upstream.doors[i].URL, urls, route...)
		in.start(t)
		t.Cleanup(func() { in.program.Stop(t) })
		f.instances = append(f.instances, in)
	}
	return f
}

// public is a route whose documents all instances have in common.
var public = []string{"stage: coalesce", "share: everything"}

// after returns the calls of so long from now on.
func (f *fleet) after(d time.Duration) calls {
	began := time.Now()
	<-time.After(d)
	return f.upstream.since(began)
}

// oneAnInterval returns an error unless the upstream is called once an interval. On a busy machine polls come late, which
// makes calls fewer, and a command to Redis may take longer than its budget, which makes a call more; unless it is strict,
// one of these in a stretch is allowed, and down to half as many.
func oneAnInterval(c calls) error {
	got, least, spare := c.perInterval(), 0.5, 1.0
	if *strict {
		least, spare = 0.98, 0
	}
	if most := 1.02 + spare/c.intervals(); len(c) < 2 || got > most || got < least {
		return fmt.Errorf("got %d calls, %.3f an interval, want %.2f to %.2f", len(c), got, least, most)
	}
	return nil
}

// oneAnIntervalEach is oneAnInterval of every instance.
func oneAnIntervalEach(c calls) error {
	for i := range instances {
		if err := oneAnInterval(c.of(i)); err != nil {
			return fmt.Errorf("instance %d: %w", i, err)
		}
	}
	return nil
}

// stretches are how many a fleet may need to show how often it calls, unless it is strict: a busy machine may hold up
// several polls or commands in one.
const stretches = 10

// settles waits for a stretch of a length, the first if it is strict, in which calls are as isRight wants them.
func (f *fleet) settles(t *testing.T, when string, stretch time.Duration, isRight func(calls) error) {
	t.Helper()
	for n := 1; ; n++ {
		c := f.after(stretch)
		err := isRight(c)
		t.Logf("%s: %d calls, %.3f an interval", when, len(c), c.perInterval())
		if err == nil {
			return
		}
		if *strict || n == stretches {
			t.Errorf("%s, in stretch %d: %v", when, n, err)
			return
		}
	}
}

func isAnswered(t *testing.T, c *crowd) {
	t.Helper()
	t.Log(c)
	if n := c.failed.Load(); n > 0 {
		t.Errorf("%d polls were not answered", n)
	}
}

func (f *fleet) all(t *testing.T, how string) {
	t.Helper()
	for _, in := range f.instances {
		in.eventually(t, how)
	}
}

func TestAFleetAsksOnceAnInterval(t *testing.T) {
	f := assemble(t, public...)
	c := gather(t, f)
	<-time.After(interval) // all have come
	f.settles(t, "calm", *calm, oneAnInterval)
	isAnswered(t, c)
}

// An instance that begins serves its first polls before it has found Redis, and asks for itself.
func TestARestartCostsACallAtMost(t *testing.T) {
	f := assemble(t, public...)
	c := gather(t, f)
	<-time.After(interval)
	began := time.Now()
	for _, in := range f.instances {
		in.program.Stop(t)
		in.start(t)
		<-time.After(interval)
	}
	got, most := len(f.upstream.since(began)), int(time.Since(began)/interval)+1+instances
	t.Logf("during %d restarts in %v: %d calls", instances, time.Since(began).Round(time.Millisecond), got)
	if got > most {
		t.Errorf("got %d calls, want at most %d: one an interval, and one a restart", got, most)
	}
	<-time.After(interval)
	f.settles(t, "afterwards", *calm, oneAnInterval)
	isAnswered(t, c)
}

// The others cannot know that whoever holds the turn will not come back: they wait for it no longer than a poll may,
// then ask for themselves, once an interval each, until the turn is free. It is, a timeout after it was taken.
func TestWhenTheOneWhoAsksIsStoppedTheOthersGoOn(t *testing.T) {
	f := assemble(t, public...)
	c := gather(t, f)
	<-time.After(interval)
	stopped := make(chan int, 1)
	f.upstream.holdNext(func(i int) {
		f.instances[i].signal(t, syscall.SIGSTOP)
		stopped <- i
	})
	holder := <-stopped
	began := time.Now()
	during := f.after(4 * interval)
	f.instances[holder].signal(t, syscall.SIGCONT)
	t.Logf("while instance %d was stopped for %v: %d calls", holder, 4*interval, len(during))
	if most := (instances - 1) * int(time.Since(began)/interval+1); len(during) == 0 || len(during) > most {
		t.Errorf("got %d calls, want some, and at most %d: one per instance that goes on, and interval", len(during), most)
	}
	<-time.After(2 * interval)
	f.settles(t, "afterwards", *calm, oneAnInterval)
	isAnswered(t, c)
}

func TestWhileRedisHangsEachAsksForItself(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		hang []string
	}{
		{"CLIENT PAUSE", []string{"CLIENT", "PAUSE", strconv.FormatInt(hanging.Milliseconds(), 10), "ALL"}},
		{"DEBUG SLEEP", []string{"DEBUG", "SLEEP", strconv.FormatFloat(hanging.Seconds(), 'f', -1, 64)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := assemble(t, public...)
			c := gather(t, f)
			<-time.After(interval)
			began := time.Now()
			go f.redis.Try(tt.hang...) // DEBUG SLEEP is answered at its end, which may come after the test's
			<-time.After(hanging)
			f.all(t, asTogether)
			isAtMostOneEach(t, f.upstream.since(began), time.Since(began))
			<-time.After(2 * interval)
			f.settles(t, "afterwards", *calm, oneAnInterval)
			isAnswered(t, c)
		})
	}
}

// hanging is how long Redis does.
const hanging = 2 * time.Second

// isAtMostOneEach fails the test if an instance asks more than once an interval.
func isAtMostOneEach(t *testing.T, c calls, took time.Duration) {
	t.Helper()
	t.Logf("meanwhile: %d calls in %v", len(c), took.Round(time.Millisecond))
	for i := range instances {
		if got, most := len(c.of(i)), int(took/interval)+2; got > most {
			t.Errorf("instance %d: got %d calls in %v, want at most %d", i, got, took, most)
		}
	}
}

func TestWithoutRedisEachAsksOnceAnIntervalAndThenAllAsOneAgain(t *testing.T) {
	f := assemble(t, public...)
	c := gather(t, f)
	<-time.After(interval)
	f.redis.Stop()
	f.all(t, asAlone)
	<-time.After(interval)
	f.settles(t, "without Redis", *away, oneAnIntervalEach)
	f.redis.Run(t)
	f.all(t, asTogether)
	<-time.After(2 * interval)
	f.settles(t, "with Redis again", *calm, oneAnInterval)
	isAnswered(t, c)
}
