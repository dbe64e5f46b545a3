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
	// Holdout is the share of actors kept at Observe to compare with, whatever
	// Stage is. It is drawn apart from Percent, which is of all the others.
	Holdout Percent
	// Flag is hashed before the actor. Routes with different flags choose different
	// actors; routes with the same flag choose the same.
	Flag  string
	Allow map[string]bool // actors on Stage whatever Percent and Holdout are
	Deny  map[string]bool // actors one rung lower; it beats Allow and Holdout
}

// For returns the rung of actor. It does not allocate.
func (p *Policy) For(actor string) Stage { return p.Rung(p.Arm(actor)) }

// Rung returns where the actors of an arm stand.
func (p *Policy) Rung(a Arm) Stage {
	switch a {
	case Control:
		return p.Stage.Lower()
	case Holdout:
		return min(p.Stage, Observe)
	}
	return p.Stage
}

// Draws reports whether actors differ: where they do not, all are [Treated] and
// nobody need find out who asks.
func (p *Policy) Draws() bool {
	return p.Percent < Everyone || p.Holdout > 0 || len(p.Deny) > 0
}

// Arm returns the arm of actor. A client without an actor ("") cannot be told
// apart from the next one and would change arms from poll to poll, so it is
// never held out, and is Control unless everyone is on Stage. Arm does not
// allocate.
func (p *Policy) Arm(actor string) Arm {
	switch {
	case p.Deny[actor]:
		return Control
	case p.Allow[actor]:
		return Treated
	case actor != "" && p.Holdout > 0 && holdoutBucket(p.Flag, actor) < p.Holdout:
		return Holdout
	case p.Percent >= Everyone:
		return Treated
	case actor == "", p.Percent <= 0:
		return Control
	case bucket(p.Flag, actor) < p.Percent:
		return Treated
	}
	return Control
}
