// Package redisnews hears of changes from Redis: from a channel that applications
// publish to ([Channel]), from GitLab's own entity tags ([GitLab]), and from the other
// instances of the fleet ([Relay]).
//
// A source is lost as soon as its connection is, and when a canary that it lets go
// does not come round on the connection of its subscriptions: a message on a channel
// of its own, a key of its own that is set. What is said while a source is lost is
// said to nobody, and is not said again: documents are then asked for as if there
// were no source. No setting of a server is ever changed.
package redisnews
