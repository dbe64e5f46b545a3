// Package redistest starts real Redis servers for tests, and a wire to them that
// can be delayed and cut.
package redistest
