// Package leaving holds the real program to how it is started and stopped: as the first process of a container, under a
// shell, and under what keeps signals to itself.
package leaving
