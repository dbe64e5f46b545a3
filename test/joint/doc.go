// Package joint runs a fleet of pollards with a real Redis: they stand on one
// ladder, and Redis tells them of changes.
package joint
