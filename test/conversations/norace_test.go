//go:build !race

package conversations

// buildFlags build the program as users do.
var buildFlags []string
