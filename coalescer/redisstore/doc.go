// Package redisstore is coalescer.Store on Redis 7 and what speaks like it:
// single, behind Sentinel, or a Cluster.
//
// # What is kept
//
// Of each name two keys, in one slot of a Cluster, both of which expire:
//
//	pollard:{<32 hex digits>}:l   the lease: whose turn it is
//	pollard:{<32 hex digits>}:s   the state: what the last turn published, with its token
//
// What is of one identity is in the slot of that identity, with the name of the
// document behind the braces, and a key of the identity's own beside it:
//
//	pollard:{<32 hex digits>}:v   since when nothing is told any more that was asked for before
//
// Such states are encrypted and authenticated, ages included, under keys made of a
// secret that Redis does not know (seal.go). Nothing of them is in a hint but that
// there is one.
//
// Tokens grow: with Redis' clock, and beyond the last state's. Publishing compares
// them in one script, so that an instance that was paused never overwrites what
// its successor published. That a lease expires while its holder still asks costs
// one call upstream.
//
// # What is said
//
// A publication is announced on the name's channel (`…:n`): a hint that may be
// lost, and that carries small states so that whoever waits need not read the key.
// The truth is in the key. Whoever waits reads it again from time to time, and
// after a subscription was lost everything that is watched is taken to have
// changed. Subscribed is only what is watched or was waited for lately. Another
// deployment may carry the hints (hints.go); either may be away alone. The
// client tracking of RESP3 would say less, that a key is another, and cost a read.
//
// # Ages
//
// No two clocks are compared. When upstream was asked is written down by Redis'
// clock, from when that showed the grant of the turn, and read from when it shows
// the reply; each reading errs by at most a round trip, and always so that a state
// is held to be older than it is. Only a failover to a server whose clock is
// another shifts ages, by the difference.
//
// # Trouble
//
// Redis is a help. Each command has a budget; after three in a row that fail, for
// more than two budgets where they time out, or one that Redis refuses for a reason
// that will last, Begin fails at once with ErrDown,
// until a probe that writes has succeeded within the budget. Where nobody begins
// anything such writes are the commands that fail. Options.OnMode is told, once per
// change. In a Cluster one server that fails counts for all.
package redisstore
