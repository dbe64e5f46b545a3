// Package abuse holds the real program to its limits: clients that take more than their share, by connections, slowness
// and volume, and what others notice of them.
package abuse
