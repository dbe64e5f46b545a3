package redisstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/test/redistest"
)

func TestTheRightsThatAreNamedSuffice(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	server.Do(t, append([]string{"ACL", "SETUSER", "pollard", "on", ">pw"}, strings.Fields(redisstore.Rights)...)...)
	o := redisstore.Options{URLs: urls(t, "redis://pollard:pw@"+server.Addr)}
	a, b := open(t, o), open(t, o)
	heard := make(chan struct{}, 10)
	defer b.Watch(coalescer.Name{1}, func() { heard <- struct{}{} })()
	<-heard // that it is subscribed
	turn, _, err := a.Begin(t.Context(), coalescer.Name{1}, everLasting)
	if turn == nil {
		t.Fatalf("got error %v, want the turn", err)
	}
	turn.Publish(&coalescer.Said{Tag: `"a"`, Asked: time.Now()})
	<-heard
	if _, said, err := b.Begin(t.Context(), coalescer.Name{1}, everLasting); said == nil || said.Tag != `"a"` {
		t.Errorf("got %+v, error %v, want \"a\"", said, err)
	}
	eventually(t, func() bool { return b.Memory().Used > 0 }, func() string { return "no memory read" })
}
