package actioncable

import "time"

// allowance is how much of something a client may do: so much per second, and
// at once as much as it has not used, up to a bound. It belongs to one goroutine.
type allowance struct {
	perSecond float64
	most      float64

	left float64
	at   time.Time
}

func newAllowance(perSecond float64, most int) *allowance {
	return &allowance{perSecond: perSecond, most: float64(most), left: float64(most), at: time.Now()}
}

// spend reports whether one more is allowed, and takes it.
func (a *allowance) spend() bool {
	now := time.Now()
	a.left = min(a.most, a.left+now.Sub(a.at).Seconds()*a.perSecond)
	a.at = now
	if a.left < 1 {
		return false
	}
	a.left--
	return true
}
