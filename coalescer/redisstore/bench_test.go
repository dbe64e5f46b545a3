package redisstore_test

import (
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/test/redistest"
)

// benched returns two instances on a server of their own.
func benched(b *testing.B) (s, other *redisstore.Store) {
	b.Helper()
	server := redistest.Start(b)
	o := redisstore.Options{URLs: urls(b, "redis://"+server.Addr)}
	return open(b, o), open(b, o)
}

func say(body int) *coalescer.Said {
	now := time.Now()
	return &coalescer.Said{Tag: `"a"`, Header: map[string][]string{"Content-Type": {"application/json"}}, Body: make([]byte, body), Asked: now, Proven: now}
}

// BenchmarkTurn is a turn that is taken and ends with a state of 4 kB.
func BenchmarkTurn(b *testing.B) {
	s, _ := benched(b)
	for b.Loop() {
		turn, _, err := s.Begin(b.Context(), coalescer.Name{1}, coalescer.Terms{Lease: time.Hour, Keep: time.Hour})
		if turn == nil {
			b.Fatalf("got error %v, want the turn", err)
		}
		turn.Publish(say(4096))
	}
}

// BenchmarkTold is a state of 4 kB that is read from Redis.
func BenchmarkTold(b *testing.B) {
	s, other := benched(b)
	turn, _, _ := s.Begin(b.Context(), coalescer.Name{1}, everLasting)
	turn.Publish(say(4096))
	for b.Loop() {
		if _, said, err := other.Begin(b.Context(), coalescer.Name{1}, everLasting); said == nil {
			b.Fatalf("got error %v, want to be told", err)
		}
	}
}

// BenchmarkHit is a state of 4 kB that came with a hint.
func BenchmarkHit(b *testing.B) {
	s, other := benched(b)
	other.Watch(coalescer.Name{1}, func() {})
	turn, _, _ := s.Begin(b.Context(), coalescer.Name{1}, everLasting)
	turn.Publish(say(4096))
	for b.Loop() {
		if _, said, err := other.Begin(b.Context(), coalescer.Name{1}, everLasting); said == nil {
			b.Fatalf("got error %v, want to be told", err)
		}
	}
}

// BenchmarkDown is what Redis costs a poll while it is not used.
func BenchmarkDown(b *testing.B) {
	s := start(b, redisstore.Options{URLs: urls(b, "redis://"+redistest.New(b).Addr)})
	for b.Loop() {
		if _, _, err := s.Begin(b.Context(), coalescer.Name{1}, everLasting); err == nil {
			b.Fatal("got no error")
		}
	}
}
