package advice

import (
	"fmt"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// Retirement is what can go once a route has been pushed to everybody for long
// enough.
type Retirement struct {
	Since time.Time `json:"since"`  // it has stood at push for everybody
	Days  int       `json:"days"`   // whole ones, up to now
	CanGo []string  `json:"can_go"` // sentences, in the order in which to do it
}

// proven is how long a route must have stood at push for everybody: every week of a
// month, with what happens in it.
const proven = 30 * 24 * time.Hour

// Stand is where a route stands, since when, and what it spares.
type Stand struct {
	Stage     rollout.Stage
	Percent   rollout.Percent
	Holdout   rollout.Percent
	Since     time.Time
	Polls     uint64   // that still came since the process started
	Reduction *float64 // modelled; nil where nothing is known
}

// Retire returns what can go now; nil while the route has not stood at push for
// everybody but the holdout for 30 days.
func Retire(s Stand, now time.Time) *Retirement {
	stood := now.Sub(s.Since)
	if s.Stage != rollout.Push || s.Percent < rollout.Everyone || s.Since.IsZero() || stood < proven {
		return nil
	}
	r := &Retirement{Since: s.Since, Days: int(stood / (24 * time.Hour))}
	if s.Holdout > 0 {
		r.CanGo = append(r.CanGo, fmt.Sprintf("the holdout: %v %% of the actors are kept polling to compare with; `holdout: 0` ends that", s.Holdout))
	}
	r.CanGo = append(r.CanGo,
		fmt.Sprintf("the poll code: pages that watch need no timer; %s polls still came since this instance started, of clients that cannot watch or are held out", grouped(s.Polls)),
		"the ETag touches: what the application notes at each change so that many polls are cheap to answer; with `etag: body` Pollard sees changes by the body",
		capacity(s.Reduction))
	return r
}

func capacity(reduction *float64) string {
	const what = "the capacity: workers and connections that were there for the polls"
	if reduction == nil {
		return what
	}
	return fmt.Sprintf("%s; %.1f %% of what would have been asked is not asked any more", what, 100**reduction)
}

// Retired is advice on a route, shared as it is, that can be retired and of which
// nothing passes any more that could be learnt from.
func Retired(route, share string, r *Retirement) Advice {
	return Advice{Route: route, Share: share, Predictions: []Prediction{}, Reasons: []string{}, Needs: []string{}, Retirement: r}
}
