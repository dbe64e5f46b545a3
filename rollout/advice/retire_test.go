package advice

import (
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

func TestARouteCanBeRetiredOnceItStoodAtPushForEverybodyForThirtyDays(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		stand Stand
		days  int // 0: it cannot
	}{
		"it has":            {Stand{Stage: rollout.Push, Percent: rollout.Everyone, Since: ago(31*day + time.Hour)}, 31},
		"to the day":        {Stand{Stage: rollout.Push, Percent: rollout.Everyone, Since: ago(30 * day)}, 30},
		"not yet":           {Stand{Stage: rollout.Push, Percent: rollout.Everyone, Since: ago(30*day - 1)}, 0},
		"not everybody":     {Stand{Stage: rollout.Push, Percent: rollout.Everyone - 1, Since: ago(90 * day)}, 0},
		"coalesced only":    {Stand{Stage: rollout.Coalesce, Percent: rollout.Everyone, Since: ago(90 * day)}, 0},
		"nobody knows":      {Stand{Stage: rollout.Push, Percent: rollout.Everyone}, 0},
		"some are held out": {Stand{Stage: rollout.Push, Percent: rollout.Everyone, Holdout: 1000, Since: ago(40 * day)}, 40},
	} {
		t.Run(name, func(t *testing.T) {
			r := Retire(c.stand, now)
			if r == nil {
				if c.days > 0 {
					t.Fatalf("got nothing, want %d days", c.days)
				}
				return
			}
			if r.Days != c.days {
				t.Errorf("got %d days, want %d", r.Days, c.days)
			}
			if says := strings.Contains(r.CanGo[0], "`holdout: 0`"); says != (c.stand.Holdout > 0) {
				t.Errorf("got %q first, want a word of the holdout: %v", r.CanGo[0], !says)
			}
		})
	}
}

func TestWhatCanGoIsPrintedInsteadOfASetting(t *testing.T) {
	now, reduction := time.Now(), 0.979
	r := Retire(Stand{Stage: rollout.Push, Percent: rollout.Everyone, Since: now.Add(-35 * 24 * time.Hour), Polls: 1234, Reduction: &reduction}, now)
	var b strings.Builder
	if err := Print(&b, []Advice{Retired("issue_changes", "nothing", r)}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"issue_changes", "for 35 days", "poll code", "1,234 polls", "ETag touches", "capacity", "97.9 %"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "stage:") {
		t.Errorf("got a setting in\n%s", b.String())
	}
}
