package guard

import (
	"slices"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

func TestAHealthyRouteClimbsToTheTopByItself(t *testing.T) {
	w := newWorld(1, 300, 0, rollout.Coalesce)
	climb, percent, stood := Climb{Dwell: 2 * time.Minute}, rollout.Percent(1_000), w.now
	w.stand(percent)
	w.monitor.Moved(w.now, rollout.Coalesce)
	var stands []rollout.Percent
	for percent < rollout.Everyone && w.now.Sub(stood) < time.Hour {
		next, _ := climb.Next(percent, w.now.Sub(stood), w.second())
		if next == percent {
			continue
		}
		stands = append(stands, next)
		percent, stood = next, w.now
		w.stand(percent)
		w.monitor.Moved(w.now, rollout.Coalesce)
	}
	if want := []rollout.Percent{5_000, 25_000, 50_000, rollout.Everyone}; !slices.Equal(stands, want) {
		t.Errorf("climbed to %v, want %v; now %v", stands, want, w.monitor.Verdicts(w.now))
	}
}
