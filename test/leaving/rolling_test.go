package leaving

import (
	"context"
	"errors"
	"flag"
	"testing"
	"time"
)

// make test-rolling-long has more restarts, and a balancer as late as they are.
var (
	restarts = flag.Int("restarts", 3, "rolling restarts, of one of two instances and then of the other")
	late     = flag.Duration("late", 500*time.Millisecond, "how long the balancer sends on to an instance that is not ready")
)

// margin is what a blackout is longer than a balancer is late: for its looks to come when they may on this machine.
const margin = 2 * time.Second

// No answer is a 5xx, no connection is reset or ends unannounced, every socket is told 1012 and when to come back, and
// comes back at the first try.
func TestRollingRestartsAreNoticedByNobody(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short nothing runs that needs nginx")
	}
	g := &guests{answered: map[string]int{}}
	upstream := application(t)
	instances := []*rolled{
		deploy(t, upstream, *late+margin, margin/4),
		deploy(t, upstream, *late+margin, margin/4),
	}
	b := balance(t, *late, g.fail, instances...)
	for i := range instances {
		b.takes(t, i)
	}
	addr := b.Addr().String()
	proxied := ingress(t, addr)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); g.work.Wait() })
	g.arrive(ctx, addr, proxied)
	for i := range *restarts {
		at := i % len(instances)
		instances[at].roll(t)
		b.takes(t, at)
	}
	cancel()
	g.work.Wait()
	t.Logf("%d restarts: %v", *restarts, g.answered)
	switch err, apart := errors.Join(g.failures...), b.lookedEvery(); {
	case err == nil:
	case apart > margin/2:
		t.Skipf("the machine let %v pass between two looks at an instance: that the balancer was later than %v is nobody's fault: %v", apart, *late, err)
	default:
		t.Errorf("somebody noticed: %v", err)
	}
	for _, what := range everything {
		if g.answered[what] < *restarts {
			t.Errorf("got %d of %s, want guests that did something between restarts", g.answered[what], what)
		}
	}
}

// everything is what guests do.
var everything = []string{"polls", "polls over HTTP/2", "held polls", "polls through nginx", "writes", "writes through nginx", "sockets told 1012", "messages"}

// arrive has guests of every kind at an address, and at that of an nginx before it, until ctx ends.
func (g *guests) arrive(ctx context.Context, addr, proxied string) {
	for i := range 4 {
		for _, who := range []guest{
			{what: "polls", request: poll(addr+"/doc", i)},
			{what: "polls over HTTP/2", http2: true, request: poll(addr+"/doc", i)},
			{what: "held polls", request: poll(addr+"/still", i, "Prefer: wait=5", "If-None-Match: "+still)},
			{what: "polls through nginx", request: poll(proxied+"/doc", i)},
			{what: "writes", request: write(addr)},
			{what: "writes through nginx", request: write(proxied)},
		} {
			g.work.Go(func() { g.stay(ctx, who) })
		}
	}
	for i := range 16 {
		g.work.Go(func() { g.watch(ctx, addr, i) })
	}
}
