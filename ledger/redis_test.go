package ledger_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/ledger"
)

// redisFigures returns figures that can be told apart.
func redisFigures() ledger.Redis {
	figure := func(v float64) func() float64 { return func() float64 { return v } }
	return ledger.Redis{Up: figure(1), Hints: figure(2), Commands: figure(3), Dropped: figure(4), Evicted: figure(5), Joined: figure(6)}
}

func TestEachFigureOfRedisHasItsSeries(t *testing.T) {
	reg := prometheus.NewRegistry()
	ledger.New(reg).Redis(redisFigures())
	got := scrape(t, reg)
	for series, want := range map[string]float64{
		"pollard_redis_up{}": 1, "pollard_redis_hints{}": 2, "pollard_redis_commands_total{}": 3,
		"pollard_redis_dropped_publications_total{}": 4, "pollard_redis_evicted_keys{}": 5, "pollard_rollout_joined{}": 6,
	} {
		if got[series].value != want {
			t.Errorf("%s: got %v, want %v", series, got[series].value, want)
		}
	}
}
