// Package memory keeps a process within a budget of memory: what is stored gives way first, then
// newcomers; who is being served goes on.
package memory
