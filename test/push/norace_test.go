//go:build !race

package push

// buildFlags build the program as users do.
var buildFlags []string
