//go:build race

package program

// flags build the program with the detector that the tests themselves run under.
var flags = []string{"-race"}
