package rollout

import "fmt"

// A Stage is a rung of the ladder.
type Stage int8

// The rungs, from the lowest. Each adds to the one below.
const (
	Off      Stage = iota // plain reverse proxying, byte for byte
	Observe               // the same, and it is measured
	Coalesce              // one conditional GET upstream per document and interval
	Push                  // and clients that can take push are given it
)

// String returns the name of s in configurations, labels and logs.
func (s Stage) String() string {
	switch s {
	case Off:
		return "off"
	case Observe:
		return "observe"
	case Coalesce:
		return "coalesce"
	case Push:
		return "push"
	}
	return fmt.Sprintf("stage(%d)", int8(s))
}

// ParseStage returns the stage called name. Names are lower case; any other name is
// an error that lists those that there are.
func ParseStage(name string) (Stage, error) {
	for s := Off; s <= Push; s++ {
		if s.String() == name {
			return s, nil
		}
	}
	return Off, fmt.Errorf("stage %q is none of off, observe, coalesce, push", name)
}

// Lower returns the rung below s; below Off there is none.
func (s Stage) Lower() Stage { return max(Off, s-1) }

// MarshalText returns the name of s.
func (s Stage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is [ParseStage].
func (s *Stage) UnmarshalText(name []byte) (err error) {
	*s, err = ParseStage(string(name))
	return err
}
