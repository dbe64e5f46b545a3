package admin

import (
	"slices"
	"strings"
)

// A cure is what a reason for a bypass means, and what to do about it, with `code`
// in backticks. docs/metrics.md has the same table; a test compares them.
type cure struct {
	reasons   []string
	means, do string
}

// anyHeader is the reason of every undeclared request header.
const anyHeader = "header:NAME"

func cures() []cure {
	return []cure{
		{[]string{"header:NAME"}, "an undeclared request header that could change the answer", "declare it on the route: `identity`, `variant` or `ignore`"},
		{[]string{"no-cache"}, "the client insists (a browser's reload)", "nothing; or `ignore: [Cache-Control, Pragma]` if the page always says so"},
		{[]string{"range", "expect", "precondition", "body", "connection"}, "a request that is more than a poll", "nothing"},
		{[]string{"if-none-match"}, "a malformed condition, forwarded as it is", "nothing"},
		{[]string{"connection-bound"}, "NTLM or Negotiate", "nothing"},
		{[]string{"no-validator"}, "the answer has no `ETag`", "`etag: body`"},
		{[]string{"set-cookie"}, "the answer sets a cookie", "stop the application from renewing the session on polls"},
		{[]string{"no-store", "vary"}, "the answer forbids it, or varies on everything", "nothing, or mend the application"},
		{[]string{"status"}, "not 200", "look at the application"},
		{[]string{"oversized"}, "larger than `max_body`", "raise `max_body`"},
		{[]string{"streaming"}, "an event stream, or announced trailers", "nothing"},
		{[]string{"more-pages"}, "`Poll-Interval: 1`", "nothing"},
		{[]string{"contended"}, "three calls in turn gave nothing that this poll could use", "report it"},
	}
}

// remedy returns what a reason for a bypass means and what to do about it; "" and
// "" for one that has no row.
func remedy(reason string) (means, do string) {
	if strings.HasPrefix(reason, "header:") {
		reason = anyHeader
	}
	for _, c := range cures() {
		if slices.Contains(c.reasons, reason) {
			return c.means, c.do
		}
	}
	return "", ""
}
