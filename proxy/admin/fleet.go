package admin

import (
	"fmt"
	"time"
)

// Fleet is the instances that share a Redis, as one of them knows them.
type Fleet struct {
	Name   string   `json:"name"`
	Self   Member   `json:"self"`
	Others []Member `json:"others"`          // that have lately said that they are there
	Up     bool     `json:"up"`              // Redis is used: pollard_redis_up
	Why    string   `json:"why,omitempty"`   // Redis is not used, or gives no hints
	Apart  string   `json:"apart,omitempty"` // why the rollout is this instance's alone
	Rifts  []string `json:"rifts"`           // why the fleet does not act as one, in sentences; none where it does
}

// Member is an instance of a fleet.
type Member struct {
	Name   string    `json:"name"`
	Build  string    `json:"build"`
	Routes string    `json:"routes"`         // tells configurations of routes apart
	Mode   string    `json:"mode"`           // together, deaf or alone: how it is joined with the others
	Heard  time.Time `json:"heard,omitzero"` // when it last said so
}

// rifts says why a fleet does not act as one.
func (f *Fleet) rifts() []string {
	said := []string{}
	note := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	if text, ok := lacking(f.Self.Mode); ok {
		note("This instance %s: %s.", text, f.Why)
	}
	if f.Apart != "" {
		note("The rollout is this instance's alone, and what is moved here holds here: %s.", f.Apart)
	}
	for _, m := range f.Others {
		if text, ok := lacking(m.Mode); ok {
			note("%s %s.", m.Name, text)
		}
		if m.Build != f.Self.Build {
			note("%s is of another build: %s.", m.Name, m.Build)
		}
		if m.Routes != f.Self.Routes {
			note("%s has routes configured otherwise.", m.Name)
		}
	}
	return said
}

// lacking puts a mode in words that is not as good as it could be.
func lacking(mode string) (text string, ok bool) {
	switch mode {
	case "together":
		return "", false
	case "deaf":
		return "asks upstream together with the others, but hears no hints from Redis and has to look", true
	}
	return "asks upstream for itself", true
}
