//go:build !race

package migration

const underRace = false
