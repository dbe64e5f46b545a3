// Package rollout decides how far up the ladder each client stands.
//
// The decision is a pure function of the route's policy and the client's actor, so
// that it is the same on every instance and after every restart. Raising a
// percentage never moves an actor down.
package rollout

// A Policy says who of a route's clients stands on which rung. It is read-only
// once in use: a change of the rollout is a new Policy.
type Policy struct {
	Stage   Stage   // the rung in question; the actors not on it stand one lower
	Percent Percent // share of actors on Stage
	// Flag is hashed before the actor. Routes with different flags choose different
	// actors; routes with the same flag choose the same.
	Flag  string
	Allow map[string]bool // actors on Stage whatever Percent is
	Deny  map[string]bool // actors never on Stage; it beats Allow
}

// For returns the rung of actor. A client without an actor ("") cannot be told
// apart from the next one and would change rungs from poll to poll, so it stands
// one rung lower unless everyone is on Stage. For does not allocate.
func (p *Policy) For(actor string) Stage {
	if p.includes(actor) {
		return p.Stage
	}
	return p.Stage.lower()
}

func (p *Policy) includes(actor string) bool {
	switch {
	case p.Deny[actor]:
		return false
	case p.Allow[actor], p.Percent >= Everyone:
		return true
	case actor == "", p.Percent <= 0:
		return false
	}
	return bucket(p.Flag, actor) < p.Percent
}
