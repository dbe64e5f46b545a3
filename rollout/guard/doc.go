// Package guard judges a rollout by what was counted: whether the actors on a rung
// fare worse than those who are not ([Monitor]), whether more may be put on it
// ([Climb]), and what it saves ([Comparison]).
//
// Counting takes an atomic addition or two and may be done from anywhere. Judging
// is done about once a second by whoever owns the route. The package reads no
// clock, does no I/O and starts nothing. docs/measuring.md has the statistics and
// their sources.
package guard
