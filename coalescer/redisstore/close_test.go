package redisstore_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/test/redistest"
)

// Not parallel, so that no other test's stores run meanwhile.
func TestNothingRunsAfterClose(t *testing.T) {
	server := redistest.Start(t)
	absent := redistest.New(t)
	for _, address := range []string{server.Addr, absent.Addr} {
		s := start(t, redisstore.Options{URLs: urls(t, "redis://"+address)})
		s.Watch(coalescer.Name{1}, func() {})
		if address == server.Addr {
			heals(t, s)
		}
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
	eventually(t, func() bool { return running() == "" }, running)
}

// running returns the goroutines of stores and of their clients.
func running() string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var ours []string
	for stack := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(stack, "redisstore.(") || strings.Contains(stack, "go-redis/v9.(") || strings.Contains(stack, "go-redis/v9/internal") {
			ours = append(ours, stack)
		}
	}
	return strings.Join(ours, "\n\n")
}
