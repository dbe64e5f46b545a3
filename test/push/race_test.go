//go:build race

package push

// buildFlags build the program with the detector that the tests themselves run under.
var buildFlags = []string{"-race"}
