// Package leaving holds the real program to how it is started and stopped: as the first process of a container, under a
// shell, under what keeps signals to itself, and in a fleet that is restarted one by one while clients keep their connections.
package leaving
