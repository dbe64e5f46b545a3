// Package advice draws conclusions from what package observe has learnt: whether
// a route is polled, what could be shared between its clients and what that is
// known from, and what each stage would save.
//
// It errs on the side of sharing nothing: one pair of identities that were given
// different bytes is enough for that, and no number of equal ones makes it
// recommend that bodies are shared. The formulas and their sources are in
// docs/measuring.md.
package advice
