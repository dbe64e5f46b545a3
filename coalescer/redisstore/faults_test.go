package redisstore_test

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/test/redistest"
)

// quick is a budget that a healthy server on the loopback keeps now and then even
// where many tests run, which is all that healing needs.
const quick = 50 * time.Millisecond

// begin begins, and returns the turn to nobody.
func begin(t *testing.T, s *redisstore.Store, name byte) error {
	t.Helper()
	turn, _, err := s.Begin(t.Context(), coalescer.Name{name}, coalescer.Terms{Lease: 50 * time.Millisecond, Keep: time.Second})
	if turn != nil {
		turn.Release()
	}
	return err
}

// fails begins until Redis is not used, and returns why.
func fails(t *testing.T, s *redisstore.Store) string {
	t.Helper()
	var err error
	eventually(t, func() bool { err = begin(t, s, 9); return errors.Is(err, redisstore.ErrDown) }, func() string { return text(err) })
	return text(err)
}

// heals waits until Redis is used again, and a turn is to be had.
func heals(t *testing.T, s *redisstore.Store) {
	t.Helper()
	var err error
	eventually(t, func() bool { err = begin(t, s, 9); return err == nil }, func() string { return text(err) })
	becomes(t, s, redisstore.Together)
}

func TestRedisMayHaveAnyTroubleAndHeals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		args     []string
		trouble  func(*testing.T, *redistest.Server)
		want     string // a part of the error
		recovery func(*testing.T, *redistest.Server)
	}{
		{
			"it hangs", nil,
			func(t *testing.T, s *redistest.Server) { s.Pause() }, "did not answer in time",
			func(t *testing.T, s *redistest.Server) { s.Resume() },
		},
		{
			"it is gone and comes back empty", nil,
			func(t *testing.T, s *redistest.Server) { s.Stop() }, "",
			func(t *testing.T, s *redistest.Server) { s.Run(t) },
		},
		{
			"its clients are paused", nil,
			func(t *testing.T, s *redistest.Server) { s.Do(t, "CLIENT", "PAUSE", "600", "ALL") }, "did not answer in time",
			func(*testing.T, *redistest.Server) {},
		},
		{
			"it sleeps", nil,
			func(t *testing.T, s *redistest.Server) { go s.Try("DEBUG", "SLEEP", "0.6") }, "did not answer in time",
			func(*testing.T, *redistest.Server) {},
		},
		{
			"it is full", []string{"--maxmemory-policy", "noeviction"},
			func(t *testing.T, s *redistest.Server) { s.Do(t, "CONFIG", "SET", "maxmemory", "1") }, "is full: raise its maxmemory",
			func(t *testing.T, s *redistest.Server) { s.Do(t, "CONFIG", "SET", "maxmemory", "0") },
		},
		{
			"it has become a replica", nil,
			func(t *testing.T, s *redistest.Server) { s.Do(t, "REPLICAOF", "127.0.0.1", "1") }, "is a replica: name the primary",
			func(t *testing.T, s *redistest.Server) { s.Do(t, "REPLICAOF", "NO", "ONE") },
		},
		{
			"it permits nothing any more", nil,
			func(t *testing.T, s *redistest.Server) { s.Do(t, "ACL", "SETUSER", "default", "-evalsha", "-eval") }, "does not permit its user",
			func(t *testing.T, s *redistest.Server) { s.Do(t, "ACL", "SETUSER", "default", "+@all") },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t, test.args...)
			s := open(t, redisstore.Options{URLs: urls(t, "redis://"+server.Addr), Budget: quick})
			heals(t, s)
			test.trouble(t, server)
			if got := fails(t, s); !strings.Contains(got, test.want) || !strings.Contains(got, server.Addr) || strings.Contains(got, "\n") {
				t.Errorf("got %q, want one line with %q and %s", got, test.want, server.Addr)
			}
			becomes(t, s, redisstore.Alone)
			test.recovery(t, server)
			heals(t, s)
		})
	}
}

// What is said of Redis is true where nobody polls, too.
func TestItIsSeenWithoutAPollThatRedisCannotBeUsed(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	for name, trouble := range map[string]struct{ begin, end func() }{
		"it is gone": {server.Stop, func() { server.Run(t) }},
		"it hangs":   {server.Pause, server.Resume},
		"it is a replica": {
			func() { server.Do(t, "REPLICAOF", "127.0.0.1", "1") },
			func() { server.Do(t, "REPLICAOF", "NO", "ONE") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, redisstore.Options{URLs: urls(t, "redis://"+server.Addr), Budget: quick})
			trouble.begin()
			becomes(t, s, redisstore.Alone)
			trouble.end()
			becomes(t, s, redisstore.Together)
		})
	}
}

func TestAWireThatIsSlowOrCutIsAsGoodAsNone(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	wire := redistest.NewWire(t, server.Addr)
	s := open(t, redisstore.Options{URLs: urls(t, "redis://"+wire.Addr), Budget: quick})
	for _, trouble := range []func(on bool){
		wire.Cut,
		func(on bool) { wire.Delay(map[bool]time.Duration{true: 3 * quick}[on]) },
	} {
		trouble(true)
		fails(t, s)
		trouble(false)
		heals(t, s)
	}
}

func TestRedisMayBeAbsentAtStart(t *testing.T) {
	t.Parallel()
	server := redistest.New(t)
	s := start(t, redisstore.Options{URLs: urls(t, "redis://"+server.Addr)})
	if err := begin(t, s, 1); !errors.Is(err, redisstore.ErrDown) {
		t.Errorf("got %v, want %v", err, redisstore.ErrDown)
	}
	var why error
	eventually(t, func() bool { _, why = s.Mode(); return strings.Contains(text(why), "nobody listens there") }, func() string { return text(why) })
	server.Run(t)
	heals(t, s)
}

func TestWhatRedisRefusesIsSaidWithoutThePassword(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--requirepass", "correct")
	tests := []struct{ name, url, want string }{
		{"a wrong password", "redis://:s3cr3t@" + server.Addr, "refuses the user or the password"},
		{"a wrong user", "redis://somebody:s3cr3t@" + server.Addr, "refuses the user or the password"},
		{"no password", "redis://" + server.Addr, "wants a password"},
		{"TLS to a port without", "rediss://:s3cr3t@" + server.Addr, "write redis:// instead of rediss://"},
		{"a Cluster that is none", "redis://:correct@" + server.Addr + "?cluster=true", "is no Cluster"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, redisstore.Options{URLs: urls(t, test.url)})
			var why error
			eventually(t, func() bool { _, why = s.Mode(); return strings.Contains(text(why), test.want) }, func() string { return text(why) })
			if got := text(why); strings.Contains(got, "s3cr3t") || strings.Contains(got, "correct") || !strings.Contains(got, server.Addr) {
				t.Errorf("got %q, want the address and no password", got)
			}
		})
	}
}

func TestOneModeIsToldOnce(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	var mu sync.Mutex
	var told []redisstore.Mode
	s := open(t, redisstore.Options{URLs: urls(t, "redis://"+server.Addr), OnMode: func(m redisstore.Mode, _ error) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, m)
	}})
	read := func() string {
		mu.Lock()
		defer mu.Unlock()
		var words []string
		for _, m := range told {
			words = append(words, string(m))
		}
		return strings.Join(words, " ")
	}
	is := func(want string) {
		t.Helper()
		eventually(t, func() bool { return read() == want }, read)
	}
	is("together")
	server.Stop()
	for range 20 {
		begin(t, s, 1)
	}
	is("together alone")
	server.Run(t)
	is("together alone together")
}

// A subscription that is lost costs looks, never news.
func TestWithoutHintsWhoeverWaitsLooksForItself(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	o := redisstore.Options{URLs: urls(t, "redis://"+server.Addr), Patience: 2 * time.Second}
	a, b := open(t, o), open(t, o)
	var heard atomic.Int64
	defer b.Watch(coalescer.Name{1}, func() { heard.Add(1) })()
	eventually(t, func() bool { return heard.Load() > 0 }, func() string { return "nothing heard" })

	server.Do(t, "ACL", "SETUSER", "default", "-subscribe")
	server.Do(t, "CLIENT", "KILL", "TYPE", "pubsub")
	becomes(t, b, redisstore.Deaf)
	turn, _, err := a.Begin(t.Context(), coalescer.Name{1}, everLasting)
	if err != nil {
		t.Fatalf("beginning: %v", err)
	}
	done := make(chan *coalescer.Said, 1)
	go func() {
		_, said, _ := b.Begin(t.Context(), coalescer.Name{1}, everLasting)
		done <- said
	}()
	turn.Publish(&coalescer.Said{Tag: `"a"`, Asked: time.Now()})
	if said := <-done; said == nil || said.Tag != `"a"` {
		t.Errorf("got %+v, want to be told \"a\"", said)
	}

	before := heard.Load()
	server.Do(t, "ACL", "SETUSER", "default", "+@all")
	becomes(t, b, redisstore.Together)
	eventually(t, func() bool { return heard.Load() > before }, func() string { return "nothing heard of what may have been missed" })
}

func TestASubscriptionThatIsSilentIsGivenUpAndMadeAnew(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redisstore.Options{URLs: urls(t, "redis://"+server.Addr)})
	heard := make(chan struct{}, 100)
	defer s.Watch(coalescer.Name{1}, func() { heard <- struct{}{} })()
	<-heard
	server.Pause()
	becomes(t, s, redisstore.Deaf)
	if _, why := s.Mode(); !strings.Contains(text(why), "nothing is heard") {
		t.Errorf("got %v, want that nothing is heard", why)
	}
	server.Resume()
	<-heard
	becomes(t, s, redisstore.Together)
}

func TestConnectionsThatAreKilledAreMadeAnew(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	o := redisstore.Options{URLs: urls(t, "redis://"+server.Addr)}
	stores := []*redisstore.Store{open(t, o), open(t, o), open(t, o)}
	stop := make(chan struct{})
	var g sync.WaitGroup
	var served atomic.Int64
	for _, s := range stores {
		g.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				turn, said, _ := s.Begin(t.Context(), coalescer.Name{byte(n % 7)}, coalescer.Terms{Fresh: time.Millisecond, Lease: 20 * time.Millisecond, Keep: time.Second})
				if turn != nil {
					turn.Publish(&coalescer.Said{Tag: `"a"`, Asked: time.Now()})
				}
				if turn != nil || said != nil {
					served.Add(1)
				}
			}
		})
	}
	for n := range 20 {
		before := served.Load()
		server.Do(t, "CLIENT", "KILL", "TYPE", []string{"normal", "pubsub"}[n%2])
		eventually(t, func() bool { return served.Load() > before+20 }, func() string { return strconv.FormatInt(served.Load()-before, 10) + " turns since" })
	}
	close(stop)
	g.Wait()
	for _, s := range stores {
		heals(t, s)
	}
}
