//go:build race

package conversations

// buildFlags build the program with the detector that the tests themselves run under.
var buildFlags = []string{"-race"}
