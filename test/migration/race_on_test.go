//go:build race

package migration

// underRace says that the race detector takes most of the machine.
const underRace = true
