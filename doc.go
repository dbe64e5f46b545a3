// Package pollard is the root of Pollard: a reverse proxy in front of a web fleet
// whose pages poll. It passes everything through untouched, answers identical polls
// from one conditional GET upstream per interval, and measures the calls that it
// saves. It never gives one user another's data.
//
// The root holds no code. Reading starts at cmd/pollard, which wires the parts, and
// at proxy, which decides about each request. Which package may import which, and
// why, is a table in arch_test.go.
package pollard
