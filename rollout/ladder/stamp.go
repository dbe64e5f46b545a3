package ladder

import (
	"maps"
	"time"
)

// Stamp is the place of something that was said of a route, or of the kill switch,
// among all that instances of a fleet have said of it.
type Stamp struct {
	Version  uint64    `json:"version"` // one more than what its instance knew
	When     time.Time `json:"said"`
	Instance string    `json:"instance"` // where it was said
	Who      string    `json:"who"`
	Why      string    `json:"why,omitempty"`
}

// is reports whether two stamps are of the same word.
func (s Stamp) is(t Stamp) bool { return s.Version == t.Version && s.Instance == t.Instance }

// after decides between two of the same version: instances that did not know of
// each other. Any order will do that all of them agree on.
func (s Stamp) after(t Stamp) bool {
	if !s.When.Equal(t.When) {
		return s.When.After(t.When)
	}
	return s.Instance > t.Instance
}

// sign gives what was said here its place. Entries that name an instance are
// another's, or were foreseen: they have theirs.
func (s *State) sign(entries []Entry, instance string) {
	for i := range entries {
		e := &entries[i]
		if e.Instance != "" {
			continue
		}
		e.Instance = instance
		stamp := Stamp{Version: 1, When: e.When.UTC(), Instance: instance, Who: e.Who, Why: e.Why}
		if e.Route == "" {
			stamp.Version += s.KillStamp.Version
			s.KillStamp = stamp
			continue
		}
		stamp.Version += s.Stamps[e.Route].Version
		if s.Stamps == nil {
			s.Stamps = make(map[string]Stamp)
		}
		s.Stamps[e.Route] = stamp
	}
}

// hasHeard reports whether two states know of the same words.
func (s *State) hasHeard(t *State) bool {
	return s.KillStamp.is(t.KillStamp) && maps.EqualFunc(s.Stamps, t.Stamps, Stamp.is)
}
