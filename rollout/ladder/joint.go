package ladder

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Joint is what a fleet knows of its rollout. Of two that differ each word of one
// has its place before or after that of the other, so that instances that have met,
// in whatever order, agree.
type Joint struct {
	Format int             `json:"format"`
	Kill   KillWord        `json:"kill"`
	Routes map[string]Word `json:"routes"`
}

// Word is the last that was said of a route.
type Word struct {
	Stamp
	Move *Move `json:"move,omitempty"` // nil: it stands as configured
	Plan *Plan `json:"plan,omitempty"` // and then
}

// KillWord is the last that was said of the kill switch.
type KillWord struct {
	Stamp
	Kill *Kill `json:"kill,omitempty"` // nil: no route is killed
}

// What a Joint that was written by this program looks like.
const (
	jointFormat = 1
	maxVersion  = 1 << 53 // nobody changes their mind so often; JSON keeps it exactly
)

// MaxJoint is the most bytes that [ParseJoint] takes.
const MaxJoint = maxState

// ParseJoint reads what [Joint.Bytes] has written.
func ParseJoint(data []byte) (j Joint, err error) {
	if len(data) > MaxJoint {
		return Joint{}, fmt.Errorf("rollout of the fleet: larger than %d bytes", MaxJoint)
	}
	if err := json.Unmarshal(data, &j); err != nil {
		return Joint{}, fmt.Errorf("rollout of the fleet: %w", err)
	}
	if j.Format != jointFormat {
		return Joint{}, fmt.Errorf("rollout of the fleet: format %d, want %d", j.Format, jointFormat)
	}
	for route, w := range j.Routes {
		if w.Version > maxVersion {
			return Joint{}, fmt.Errorf("rollout of the fleet: route %s is at version %d", route, w.Version)
		}
	}
	if j.Kill.Version > maxVersion {
		return Joint{}, fmt.Errorf("rollout of the fleet: the kill switch is at version %d", j.Kill.Version)
	}
	return j, nil
}

// Bytes is j as it is kept.
func (j Joint) Bytes() ([]byte, error) {
	j.Format = jointFormat
	data, err := json.Marshal(j)
	if err != nil {
		return nil, fmt.Errorf("rollout of the fleet: %w", err)
	}
	return data, nil
}

// overrules reports whether w holds where o was said too. Of two instances that
// did not know of each other the one whose guard found a fault is heeded.
func (w Word) overrules(o Word) bool {
	if w.Version != o.Version {
		return w.Version > o.Version
	}
	if w.fell() != o.fell() {
		return w.fell()
	}
	return w.after(o.Stamp)
}

func (w Word) fell() bool { return w.Move != nil && w.Move.Fallen }

// overrules reports whether w holds where o was said too: a revival must have
// known of the kill.
func (w KillWord) overrules(o KillWord) bool {
	if w.Version != o.Version {
		return w.Version > o.Version
	}
	if (w.Kill != nil) != (o.Kill != nil) {
		return w.Kill != nil
	}
	return w.after(o.Stamp)
}

// Meet takes over what a fleet has said and this instance did not know, and puts
// it in force. It returns what both know, and whether that is more than the fleet
// knew: once that is what the fleet says, it is to be met again.
func (l *Ladder) Meet(fleet Joint) (both Joint, more bool, err error) {
	changed, err := l.enforce(func(s *State) ([]Entry, error) { return s.adopt(fleet, l.since, l.met), nil })
	if err != nil {
		return fleet, false, err
	}
	if changed && l.folder != "" {
		_ = l.keep() // a failure is logged; what the fleet says is kept by the fleet
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.met = fleet.Kill.Stamp
	both, more = fleet.with(l.state)
	return both, more, nil
}

// Said receives when there is something that the fleet may not know. It is for
// one receiver.
func (l *Ladder) Said() <-chan struct{} { return l.said }

// adopt is Meet for a state, of an instance that has stood with its configuration
// since then, and whose fleet knew met of the kill switch last.
func (s *State) adopt(fleet Joint, since time.Time, met Stamp) []Entry {
	entries := s.adoptKill(fleet.Kill, met)
	for _, route := range slices.Sorted(maps.Keys(fleet.Routes)) {
		if _, ok := s.Configured[route]; !ok {
			continue // of a configuration that is not here yet, or no more
		}
		if w := fleet.Routes[route]; w.overrules(s.word(route)) {
			entries = append(entries, s.adoptWord(route, w, since)...)
		}
	}
	return slices.Concat(entries, s.dropMoves(), s.carryOut(time.Now()))
}

// adoptKill holds on to a kill of which nobody who revived could know, however
// many words either side has had meanwhile. That the other side is killed, too, is
// no reason to give it up: who revives the other knows of the other alone.
func (s *State) adoptKill(w KillWord, met Stamp) []Entry {
	own := KillWord{s.KillStamp, s.Kill}
	if own.is(w.Stamp) && (own.Kill == nil) == (w.Kill == nil) {
		return nil
	}
	strangers := !own.is(met) && !w.is(met)
	switch {
	case strangers && own.Kill != nil:
		s.KillStamp.Version = max(own.Version, w.Version+1)
		return nil
	case strangers && w.Kill != nil:
		w.Version = max(w.Version, own.Version+1)
	case !w.overrules(own):
		return nil
	}
	from, to := running, running
	if s.Kill != nil {
		from = killed
	}
	s.Kill, s.KillStamp = w.Kill, w.Stamp
	if w.Kill != nil {
		to = killed
		theirs := *w.Kill
		theirs.ByFile = false // it ends with a file that is not here
		s.Kill = &theirs
	}
	if from == to {
		return nil
	}
	return []Entry{w.entry("", from, to)}
}

// adoptWord heeds what was said since this instance has its configuration, as if
// it had been said here: a fleet in the middle of a deployment has two. What was
// said before is over if the configuration differs, as it would be here
// ([State.dropMoves]).
func (s *State) adoptWord(route string, w Word, since time.Time) []Entry {
	from := s.Position(route)
	delete(s.Moves, route)
	delete(s.Plans, route)
	here := func(m *Move) {
		if w.When.After(since) {
			m.Configured = s.Configured[route]
		}
	}
	if w.Move != nil {
		m := *w.Move
		here(&m)
		s.Moves = put(s.Moves, route, m)
	}
	to := s.Position(route).String()
	if w.Plan != nil {
		p := *w.Plan
		here(&p.Move)
		s.Plans = put(s.Plans, route, p)
		to = p.String()
	}
	s.Stamps = put(s.Stamps, route, w.Stamp)
	if from.String() == to {
		return nil
	}
	return []Entry{w.entry(route, from.String(), to)}
}

// elsewhere is where something was said by an instance without a name.
const elsewhere = "another instance"

func (s Stamp) entry(route, from, to string) Entry {
	e := Entry{When: s.When, Instance: s.Instance, Who: s.Who, Route: route, From: from, To: to, Why: s.Why}
	if e.Instance == "" {
		e.Instance = elsewhere
	}
	return e
}

func put[V any](m map[string]V, key string, v V) map[string]V {
	if m == nil {
		m = make(map[string]V)
	}
	m[key] = v
	return m
}

// word is what this state has to say of a route. A move that was kept by a version
// that knew of no fleet has no stamp: it was said once.
func (s *State) word(route string) Word {
	w := Word{Stamp: s.Stamps[route]}
	if m, ok := s.Moves[route]; ok {
		w.Move = &m
		if w.Version == 0 {
			w.Stamp = Stamp{When: m.When, Who: m.Who, Why: m.Why}
		}
	}
	if p, ok := s.Plans[route]; ok {
		w.Plan = &p
	}
	return w
}

// with returns j with what s knows better, and whether there was any.
func (j Joint) with(s *State) (both Joint, more bool) {
	both = Joint{Kill: j.Kill, Routes: maps.Clone(j.Routes)}
	if own := (KillWord{s.KillStamp, s.Kill}); own.overrules(j.Kill) {
		both.Kill, more = own, true
	}
	said := maps.Clone(s.Stamps)
	for route := range s.Moves {
		said = put(said, route, s.Stamps[route])
	}
	for route := range said {
		known, ok := j.Routes[route]
		if w := s.word(route); !ok || w.overrules(known) {
			both.Routes, more = put(both.Routes, route, w), true
		}
	}
	return both, more
}
