// Package forward sends requests to the upstream and relays what comes back, so that
// neither side can tell that somebody stands between them.
//
// [Forwarder.Pass] is the whole pass-through of one request: bodies stream in both
// directions, interim responses, trailers and upgrades included. [Forwarder.RoundTrip] is
// the upstream half alone, for those who want the response for themselves.
//
// It speaks HTTP/1.1 (RFC 9112) on connections of its own instead of using
// [net/http.Transport], because that one
//
//   - cannot send every request-target as it came (a target that starts with "//");
//   - repeats requests by itself, several times, and without telling;
//   - gives bytes that an upstream sent too many to the next request as its response, when
//     that request is quick enough: one user's answer to another;
//   - adds a Cache-Control to responses that have a Pragma;
//   - wakes two goroutines per request, which is most of what a request costs.
//
// An upstream is one endpoint or several ([Upstream]): a request goes to the one with the
// fewest requests under way among those of the best standing, and where it may be repeated,
// to another.
//
// A request here is one goroutine (two with a body), one write and one read.
package forward
