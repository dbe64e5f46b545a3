package actioncable

import (
	"slices"
	"strings"
)

// Subprotocols (RFC 6455 §1.9), the best first.
const (
	extended = "actioncable-v1-ext-json"
	basic    = "actioncable-v1-json"

	// unsupported is offered by clients so that a server that speaks none of
	// the others can let them know: they then never come back.
	unsupported = "actioncable-unsupported"
)

// negotiate returns the subprotocol for a client that offers these fields, or ""
// if there is none in common. What is not known here is never chosen: among the
// offers are credentials that take this way because a browser has no other.
func negotiate(fields []string) string {
	var offered []string
	for _, field := range fields {
		for name := range strings.SplitSeq(field, ",") {
			offered = append(offered, strings.Trim(name, " \t"))
		}
	}
	for _, known := range []string{extended, basic, unsupported} {
		if slices.Contains(offered, known) {
			return known
		}
	}
	return ""
}
