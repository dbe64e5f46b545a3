// Package coalescer makes one conditional GET of a thousand polls.
//
// Polls that may receive the same answer share a [Key]. Each key has at most
// one [Feed]; a feed makes at most one upstream call per interval and holds
// the current [Snapshot]. A poll asks its feed for a snapshot whose entity tag
// differs from the one that it has, and is answered from what is held, from
// the call that is under way, or by leading the next call:
//
//	poll ──► fresh? ──yes──► 304 or 200 from memory          (hit)
//	           │no
//	           ├── a call is under way ──► wait for it        (collapsed)
//	           └── lead one: If-None-Match, once ──► 304       (revalidated)
//	                                             └─► 200       (fetched)
//
// A call runs under its own context, never under a client's: the leader
// hanging up does not cancel the others, the last one leaving does. What
// upstream answers is either a snapshot, which everyone who waited may use, or
// an answer for the leader alone; the others then go by themselves, each with
// its own conditions, and the feed remembers to let polls pass for a while, so
// that nobody queues behind an answer that cannot be shared. A failure is told
// to those who waited for it and is not remembered.
//
// The package knows HTTP semantics but neither sockets nor configuration: the
// upstream is an [http.RoundTripper], and who may share a key is decided by
// whoever builds it (package proxy).
package coalescer
