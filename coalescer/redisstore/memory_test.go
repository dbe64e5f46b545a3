package redisstore_test

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/test/redistest"
)

func TestNearItsLimitRedisIsGivenNoBodies(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--maxmemory-policy", "noeviction")
	server.Do(t, "SETRANGE", "somebody's", strconv.Itoa(16<<20), "x")
	server.Do(t, "CONFIG", "SET", "maxmemory", strconv.Itoa(usedMemory(t, server)/9*10))
	o := redisstore.Options{URLs: urls(t, "redis://"+server.Addr)}
	a, b := open(t, o), open(t, o)
	eventually(t, func() bool { m := a.Memory(); return m.Used > m.Limit/10*8 }, func() string { return "no memory read" })
	turn, _, err := a.Begin(t.Context(), coalescer.Name{1}, everLasting)
	if turn == nil {
		t.Fatalf("got error %v, want the turn", err)
	}
	now := time.Now()
	turn.Publish(&coalescer.Said{Tag: `"a"`, Header: map[string][]string{}, Body: []byte("a body"), Asked: now, Proven: now})
	_, said, err := b.Begin(t.Context(), coalescer.Name{1}, everLasting)
	if said == nil || said.Tag != `"a"` || said.Header != nil || said.Body != nil {
		t.Errorf("got %+v, error %v, want the tag alone", said, err)
	}
}

func TestAStateThatIsTooLargeIsItsTag(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	o := redisstore.Options{URLs: urls(t, "redis://"+server.Addr), StateBytes: 100}
	a, b := open(t, o), open(t, o)
	turn, _, _ := a.Begin(t.Context(), coalescer.Name{1}, everLasting)
	now := time.Now()
	turn.Publish(&coalescer.Said{Tag: `"a"`, Header: map[string][]string{"X": {strings.Repeat("y", 200)}}, Asked: now, Proven: now})
	_, said, err := b.Begin(t.Context(), coalescer.Name{1}, everLasting)
	if said == nil || said.Tag != `"a"` || said.Header != nil || !said.Proven.IsZero() {
		t.Errorf("got %+v, error %v, want the tag alone", said, err)
	}
}

// What no instance can have published is not read, be it a state.
func TestAStateInRedisThatIsTooLargeIsLeftThereAndReplaced(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	at := func(bytes int) *redisstore.Store {
		return open(t, redisstore.Options{URLs: urls(t, "redis://"+server.Addr), StateBytes: bytes})
	}
	generous, strict := at(1<<20), at(200_000)
	turn, _, _ := generous.Begin(t.Context(), coalescer.Name{1}, everLasting)
	random := rand.New(rand.NewPCG(1, 2))
	body := make([]byte, 400_000)
	for i := range body {
		body[i] = byte(random.Uint32())
	}
	now := time.Now()
	turn.Publish(&coalescer.Said{Tag: `"large"`, Header: map[string][]string{}, Body: body, Asked: now, Proven: now})
	if _, said, err := generous.Begin(t.Context(), coalescer.Name{1}, everLasting); said == nil || len(said.Body) != len(body) {
		t.Fatalf("got error %v, want it told to whoever takes that much", err)
	}
	before := sentBytes(t, server)
	turn, said, err := strict.Begin(t.Context(), coalescer.Name{1}, everLasting)
	if turn == nil {
		t.Fatalf("got %v, error %v, want the turn", said != nil, err)
	}
	if got := sentBytes(t, server) - before; got > len(body)/2 {
		t.Errorf("Redis sent %d bytes, want the state left there", got)
	}
	turn.Publish(&coalescer.Said{Tag: `"small"`, Asked: time.Now()})
	if _, said, err := strict.Begin(t.Context(), coalescer.Name{1}, everLasting); said == nil || said.Tag != `"small"` {
		t.Errorf("got %+v, error %v, want what replaced it", said, err)
	}
}

// sentBytes returns what a server has sent to everybody.
func sentBytes(t *testing.T, server *redistest.Server) int {
	t.Helper()
	return infoOf(t, server, "stats", "total_net_output_bytes")
}

func TestAHitCostsRedisNothing(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	o := redisstore.Options{URLs: urls(t, "redis://"+server.Addr)}
	a, b := open(t, o), open(t, o)
	subscribed := make(chan struct{}, 1)
	defer b.Watch(coalescer.Name{1}, func() {
		select {
		case subscribed <- struct{}{}:
		default:
		}
	})()
	<-subscribed
	turn, _, _ := a.Begin(t.Context(), coalescer.Name{1}, everLasting)
	turn.Publish(&coalescer.Said{Tag: `"a"`, Asked: time.Now()})
	if _, said, err := b.Begin(t.Context(), coalescer.Name{1}, everLasting); said == nil {
		t.Fatalf("got error %v, want to be told", err)
	}
	before := b.Commands()
	for range 1000 {
		if _, said, err := b.Begin(t.Context(), coalescer.Name{1}, everLasting); said == nil || said.Tag != `"a"` {
			t.Fatalf("got %+v, error %v, want to be told", said, err)
		}
	}
	if got := b.Commands() - before; got > 50 {
		t.Errorf("1,000 hits cost %d commands, want those of looking after Redis alone", got)
	}
}

func TestSomebodyElsesKeyIsLeftAloneAndTroublesOneDocument(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redisstore.Options{URLs: urls(t, "redis://"+server.Addr)})
	server.Do(t, "LPUSH", "pollard:{01000000000000000000000000000000}:s", "theirs")
	for range 10 {
		if err := begin(t, s, 1); err == nil || !strings.Contains(err.Error(), "holds something else") {
			t.Errorf("got %v, want that the key holds something else", err)
		}
	}
	if err := begin(t, s, 2); err != nil {
		t.Errorf("another document: %v", err)
	}
	if got := server.Do(t, "TYPE", "pollard:{01000000000000000000000000000000}:s"); got != "list" {
		t.Errorf("got a %s, want theirs left alone", got)
	}
}

func TestAStateOfAnotherVersionIsAsGoodAsNone(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	o := redisstore.Options{URLs: urls(t, "redis://"+server.Addr)}
	a, b := open(t, o), open(t, o)
	server.Do(t, "SET", "pollard:{01000000000000000000000000000000}:s", "\x02"+strings.Repeat("\xff", 60), "EX", "60")
	turn, said, err := a.Begin(t.Context(), coalescer.Name{1}, everLasting)
	if turn == nil {
		t.Fatalf("got %+v, error %v, want the turn", said, err)
	}
	turn.Publish(&coalescer.Said{Tag: `"a"`, Asked: time.Now()})
	if _, said, err := b.Begin(t.Context(), coalescer.Name{1}, everLasting); said == nil || said.Tag != `"a"` {
		t.Errorf("got %+v, error %v, want \"a\"", said, err)
	}
}

func usedMemory(t *testing.T, server *redistest.Server) int {
	t.Helper()
	return infoOf(t, server, "memory", "used_memory")
}

// infoOf returns a figure of a section of INFO.
func infoOf(t *testing.T, server *redistest.Server, section, figure string) int {
	t.Helper()
	_, after, _ := strings.Cut(server.Do(t, "INFO", section), figure+":")
	digits, _, _ := strings.Cut(after, "\r")
	n, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatalf("reading %s: %v", figure, err)
	}
	return n
}
