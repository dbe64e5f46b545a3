// Package changes knows what tells that documents changed, and whether it still
// would. A source is alive as long as it has given a sign of life within the
// time that a route grants it; a route is covered while all the sources that it
// names are alive, and then its documents are asked for on news.
//
// Where a source is told by the outside (the touch API, webhooks), whoever takes
// its messages in reports them with [Liveness.Heard]. One that has a connection
// of its own (a channel of Redis) reports what comes around on it in the same
// way, from its own goroutine, and that it lost it ([Liveness.Lost]). For all others
// losing a source is nothing but silence: whatever is the matter with it, the
// route's timeout says when it is no longer believed.
package changes
