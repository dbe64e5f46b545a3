package redisstore_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/test/redistest"
)

func TestStatesAndHintsMayBeOfTwoDeployments(t *testing.T) {
	t.Parallel()
	states, said := redistest.Start(t), redistest.Start(t)
	t.Run("the suite", func(t *testing.T) {
		conform(t, everything(), func(t *testing.T) *redisstore.Store {
			return open(t, redisstore.Options{URLs: urls(t, "redis://"+states.Addr), Hints: urls(t, "redis://"+said.Addr), Prefix: t.Name() + ":"})
		})
	})
	if got := said.Do(t, "DBSIZE"); got != "0" {
		t.Errorf("got %s keys where the hints are, want none", got)
	}
	if got := states.Do(t, "INFO", "commandstats"); strings.Contains(got, "publish") || strings.Contains(got, "subscribe") {
		t.Errorf("got %s where the states are, want no hints", got)
	}
}

func TestHintsMayBeOfAClusterOfTheirOwn(t *testing.T) {
	t.Parallel()
	states, nodes := redistest.Start(t), startCluster(t)
	o := redisstore.Options{URLs: urls(t, "redis://"+states.Addr+"/1"), Hints: urls(t, "redis://"+nodes[0].Addr, "redis://"+nodes[1].Addr)}
	a, b := open(t, o), open(t, o)
	var heard [4]atomic.Int64
	for i := range heard { // names of which each server has some
		defer b.Watch(coalescer.Name{byte(i)}, func() { heard[i].Add(1) })()
		eventually(t, func() bool { return heard[i].Load() > 0 }, func() string { return "not subscribed" })
		before := heard[i].Load()
		turn, _, _ := a.Begin(t.Context(), coalescer.Name{byte(i)}, everLasting)
		turn.Publish(&coalescer.Said{Tag: `"a"`, Asked: time.Now()})
		eventually(t, func() bool { return heard[i].Load() > before }, func() string { return "nothing heard" })
	}
}

func TestEachOfTwoDeploymentsMayBeAwayAlone(t *testing.T) {
	t.Parallel()
	states, said := redistest.Start(t), redistest.Start(t)
	o := redisstore.Options{URLs: urls(t, "redis://"+states.Addr), Hints: urls(t, "redis://"+said.Addr)}
	a, b := open(t, o), open(t, o)
	var heard atomic.Int64
	defer b.Watch(coalescer.Name{1}, func() { heard.Add(1) })()
	eventually(t, func() bool { return heard.Load() > 0 }, func() string { return "not subscribed" })
	shared := func() {
		t.Helper()
		turn, _, err := a.Begin(t.Context(), coalescer.Name{1}, coalescer.Terms{Lease: time.Hour, Keep: time.Hour})
		if turn == nil {
			t.Fatalf("got error %v, want the turn", err)
		}
		done := make(chan *coalescer.Said, 1)
		go func() {
			_, said, _ := b.Begin(t.Context(), coalescer.Name{1}, coalescer.Terms{Fresh: 10 * time.Second, Lease: time.Hour, Keep: time.Hour})
			done <- said
		}()
		turn.Publish(&coalescer.Said{Tag: `"a"`, Asked: time.Now()})
		if said := <-done; said == nil {
			t.Error("the other instance was not told")
		}
	}
	for _, trouble := range []struct{ begin, end func() }{{said.Stop, func() { said.Run(t) }}, {said.Pause, said.Resume}} {
		trouble.begin()
		becomes(t, b, redisstore.Deaf)
		if _, why := b.Mode(); !strings.Contains(text(why), said.Addr) {
			t.Errorf("got %v, want it to name %s", why, said.Addr)
		}
		shared()
		trouble.end()
		becomes(t, b, redisstore.Together)
	}
	states.Stop()
	becomes(t, b, redisstore.Alone)
	if _, why := b.Mode(); !strings.Contains(text(why), states.Addr) {
		t.Errorf("got %v, want it to name %s", why, states.Addr)
	}
	states.Run(t)
	becomes(t, a, redisstore.Together)
	becomes(t, b, redisstore.Together)
	shared()
}
