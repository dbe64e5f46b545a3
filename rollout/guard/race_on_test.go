//go:build race

package guard

// raceEnabled: simulations run in one goroutine, where the race detector finds nothing and
// takes ten times as long.
const raceEnabled = true
