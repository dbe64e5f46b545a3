package rollout

import "fmt"

// An Arm is what a client is to the comparison of a route with itself.
type Arm int8

// The arms.
const (
	Treated Arm = iota // on the rung
	Control            // one rung lower, because of the percentage
	Holdout            // kept at Observe, whatever the rung
)

// String returns the name of a in metrics and logs.
func (a Arm) String() string {
	switch a {
	case Treated:
		return "treated"
	case Control:
		return "control"
	case Holdout:
		return "holdout"
	}
	return fmt.Sprintf("arm(%d)", int8(a))
}
