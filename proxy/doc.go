// Package proxy is the HTTP front of Pollard: it matches a request to a route,
// decides how far up the ladder its actor stands, and answers it from package
// coalescer or forwards it untouched.
//
// Two rules hold everywhere. A doubt about who may see an answer means that it
// is not shared; that is settled in one file, key.go. A doubt about whether a
// request can be coalesced at all means that it is forwarded as if Pollard were
// not there, and counted with the reason; that is settled in eligible.go.
package proxy
