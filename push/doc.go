// Package push tells clients instead of being asked: WebSocket on the polled
// URL, server-sent events, and (push/actioncable) many documents on one socket.
//
// Every transport is Next in a loop over the same feeds that answer the polls,
// so a frame and a poll never contradict. A client that comes back says what it
// has and is told nothing if that is current, else the newest state; a slow one
// skips what it missed. There are no queues and there is nothing to replay.
//
// The package neither calls upstream nor decides who may see what: it is handed
// a [Subscription] by whoever does, and the watch that it opens has been proven.
package push
