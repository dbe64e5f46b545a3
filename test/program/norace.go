//go:build !race

package program

// flags build the program as users do.
var flags []string
