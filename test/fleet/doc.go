// Package fleet holds a fleet to its word from outside: three real instances and a real Redis, an upstream that counts,
// and a crowd that polls all of them. What the store does with lost hints, cut wires and failovers is tested with it, in
// coalescer/redisstore; what is here takes processes that are killed, stopped and started again.
package fleet
