// Package actioncable is push by the protocol of Rails' Action Cable: many
// documents on one socket, for clients that speak it already. It knows one
// channel, PollChannel, whose subscriptions name a polled path:
//
//	{"channel":"PollChannel","path":"/g/p/-/issues/1/realtime_changes"}
//
// Each message is what a client of pollard.v1 would get (package push).
//
// AnyCable's extended protocol adds positions, and so a resume: a client that
// says where it was is told nothing if that is current, else the newest state,
// which is everything that it can have missed. A session is never restored by
// its id alone: whoever comes back subscribes again, and each watch is proven
// anew with the credentials of the new socket.
//
// A socket has no queue. Its frames are written one at a time by whoever has
// something to say; a subscription that waits for its turn goes on with the
// newest state, and a client that reads too slowly is dropped when its time for
// one frame is over.
package actioncable
