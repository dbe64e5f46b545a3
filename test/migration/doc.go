// Package migration proves, with the real program and real HTTP, what a migration
// relies on: that a day of polls is predicted within five points, that a guard steps
// a route down soon after something goes wrong and at no other time, that autopilot
// climbs, and that the kill switch works when nothing else does.
//
// The short form runs with all tests; `make test-migration-long` takes longer days
// and holds the times to their bounds.
package migration
