// Package storetest is what every coalescer.Store is held to. The same cases run
// on memory, in simulated time, and on a real Redis server.
package storetest
