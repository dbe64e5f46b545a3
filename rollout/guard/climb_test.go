package guard_test

import (
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

func passing(stood time.Duration) []guard.Verdict {
	return []guard.Verdict{
		{Guard: guard.Errors, Outcome: guard.Pass, Stood: stood},
		{Guard: guard.Latency, Outcome: guard.Pass, Stood: 2 * stood},
	}
}

func TestAClimbGoesOnlyWhereEveryGuardHasPassedForLong(t *testing.T) {
	const long, dwelt = time.Hour, 10 * time.Minute
	thin := guard.Verdict{Guard: guard.Latency, Text: "latency: needs 12 more treated polls"}
	bad := guard.Verdict{Guard: guard.Errors, Outcome: guard.Fail, Text: "errors: treated 4.2 % of 1,210, untreated 0.1 % of 9,870"}
	tests := []struct {
		name     string
		percent  rollout.Percent
		since    time.Duration
		verdicts []guard.Verdict
		want     rollout.Percent
		why      string
	}{
		{"from nothing", 0, long, passing(long), 1_000, "every guard has passed for 1m0s"},
		{"from 1", 1_000, long, passing(long), 5_000, "every guard has passed for 1m0s"},
		{"from 5", 5_000, long, passing(long), 25_000, "every guard has passed for 1m0s"},
		{"from 25", 25_000, long, passing(long), 50_000, "every guard has passed for 1m0s"},
		{"from 50", 50_000, long, passing(long), rollout.Everyone, "every guard has passed for 1m0s"},
		{"from between", 33_333, long, passing(long), 50_000, "every guard has passed for 1m0s"},
		{"at the top", rollout.Everyone, long, passing(long), rollout.Everyone, "at the top"},
		{"just long enough", 1_000, dwelt, passing(time.Minute), 5_000, "every guard has passed for 1m0s"},
		{"too soon", 1_000, dwelt - time.Second, passing(long), 1_000, "on this step for 9m59s of 10m0s"},
		{"passing only just", 1_000, long, passing(59 * time.Second), 1_000, "errors has passed for 59s of 1m0s"},
		{"thin evidence", 1_000, long, append(passing(long), thin), 1_000, thin.Text},
		{"a guard fails", 25_000, long, append(passing(long), bad), 25_000, bad.Text},
		{"what guards say comes first", 1_000, 0, append(passing(0), thin), 1_000, thin.Text},
		{"no guard", 1_000, long, nil, 1_000, "no guard has judged"},
	}
	for _, test := range tests {
		got, why := guard.Climb{}.Next(test.percent, test.since, test.verdicts)
		if got != test.want || why != test.why {
			t.Errorf("%s: got %v, %q; want %v, %q", test.name, got, why, test.want, test.why)
		}
	}
}

func TestAClimbMayBeFaster(t *testing.T) {
	c := guard.Climb{Dwell: 15 * time.Second, Passing: 5 * time.Second}
	if got, why := c.Next(1_000, 15*time.Second, passing(5*time.Second)); got != 5_000 {
		t.Errorf("got %v, %q; want 5", got, why)
	}
}
