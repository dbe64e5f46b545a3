// Package redisladder has the instances of a fleet stand on one ladder, by Redis.
//
// What the fleet knows ([ladder.Joint]) is the value of one key. An instance that
// knows more writes it, if the key still is what it had read; a message on the
// channel of the same name says that there is something to read. That is a hint and
// may be lost: everybody reads the key once a second anyway.
//
// A second key says which instances there are: each takes note of itself every few
// seconds, and is forgotten when it does not. Nothing depends on that; people look at
// it.
//
// Redis is a help. Where it cannot be reached each instance goes on where it stands,
// what is said there holds there at once, and the fleet hears of it when Redis is
// back, be that with all of its data or with none. The key expires only when no
// instance has run for a month.
package redisladder
