package guard

import (
	"cmp"
	"fmt"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// A Climb is how a route that is on autopilot goes up. Zero values take the defaults.
type Climb struct {
	Dwell   time.Duration // the least time on a step (10 min)
	Passing time.Duration // for how long every guard must have passed without a break (1 min)
}

// steps are the percentages that a climb stops at.
var steps = [...]rollout.Percent{1_000, 5_000, 25_000, 50_000, rollout.Everyone}

// Next returns the percentage that a route goes to which has stood at percent since
// the given time and is judged by verdicts, and why; percent itself if it stays.
// That the guards' minimum of samples was reached is part of their passing. Next
// never goes down: stepping down is not a matter of percentages.
func (c Climb) Next(percent rollout.Percent, since time.Duration, verdicts []Verdict) (next rollout.Percent, why string) {
	next = stepAfter(percent)
	if next == percent {
		return percent, "at the top"
	}
	if why := c.obstacle(since, verdicts); why != "" {
		return percent, why
	}
	return next, fmt.Sprintf("every guard has passed for %v", c.passing())
}

func stepAfter(percent rollout.Percent) rollout.Percent {
	for _, step := range steps {
		if step > percent {
			return step
		}
	}
	return percent
}

// obstacle returns what keeps a route where it is, "" if nothing does. What the
// guards say comes first: it is what an operator can do something about.
func (c Climb) obstacle(since time.Duration, verdicts []Verdict) string {
	if len(verdicts) == 0 {
		return "no guard has judged"
	}
	for _, v := range verdicts {
		if v.Outcome != Pass {
			return v.Text
		}
	}
	for _, v := range verdicts {
		if v.Stood < c.passing() {
			return fmt.Sprintf("%s has passed for %v of %v", v.Guard, v.Stood.Truncate(time.Second), c.passing())
		}
	}
	if dwell := cmp.Or(c.Dwell, 10*time.Minute); since < dwell {
		return fmt.Sprintf("on this step for %v of %v", since.Truncate(time.Second), dwell)
	}
	return ""
}

func (c Climb) passing() time.Duration { return cmp.Or(c.Passing, time.Minute) }
