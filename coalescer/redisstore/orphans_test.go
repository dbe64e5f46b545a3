package redisstore_test

import (
	"testing"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/test/redistest"
)

// A turn whose grant is never heard of would be nobody's for an hour.
func TestATurnWhoseGrantIsLostIsGivenBack(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	wire := redistest.NewWire(t, server.Addr)
	unlucky := open(t, redisstore.Options{URLs: urls(t, "redis://"+wire.Addr), Budget: quick})
	another := open(t, redisstore.Options{URLs: urls(t, "redis://"+server.Addr), Patience: quick})
	troubles := []struct{ begin, end func() }{
		{func() { wire.Delay(4 * quick) }, func() { wire.Delay(0) }}, // the answer is late
		{server.Pause, server.Resume},                                // the command is
	}
	for i, trouble := range troubles {
		name := coalescer.Name{byte(i)}
		trouble.begin()
		if turn, said, err := unlucky.Begin(t.Context(), name, everLasting); err == nil {
			t.Errorf("got turn %v, %v, want an error", turn, said)
		}
		trouble.end()
		var err error
		eventually(t, func() bool {
			var turn coalescer.Turn
			turn, _, err = another.Begin(t.Context(), name, everLasting)
			return turn != nil
		}, func() string { return text(err) })
		becomes(t, unlucky, redisstore.Together)
		heals(t, unlucky)
	}
}
