//go:build !race

package program

// Raced says whether the tests, and the program with them, run under the race detector,
// which takes most of a machine.
const Raced = false
