package coalescer

import (
	"net/http"
	"sync/atomic"
	"time"
)

// quiet is whether upstream wants no polls of a route.
type quiet struct {
	since atomic.Int64 // Unix nanoseconds; 0 if it does
	doubt atomic.Pointer[doubt]
}

// doubt is a 429 that nothing has contradicted since: it may mean the route, or
// one client's rate limit.
type doubt struct {
	who Identity
	at  time.Time
}

// quietFor returns for how long upstream has wanted no polls; 0 if it does.
func (r *Route) quietFor(now time.Time) time.Duration {
	since := r.quiet.since.Load()
	if since == 0 {
		return 0
	}
	return max(1, now.Sub(time.Unix(0, since)))
}

// heed takes notice of GitLab's way to switch polling off: Poll-Interval: -1,
// and 429 without Retry-After where it would have been 304, which two identities
// must have been told, or one again an interval later. It is on again when a 200
// says otherwise; upstreams that know no Poll-Interval say nothing.
func (r *Route) heed(who Identity, resp *http.Response, now time.Time) {
	interval := resp.Header.Get("Poll-Interval")
	switch {
	case interval == "-1":
		r.quiet.since.CompareAndSwap(0, now.UnixNano())
	case resp.StatusCode == http.StatusTooManyRequests && !failing(resp):
		if since, confirmed := r.confirm(who, now); confirmed {
			r.quiet.since.CompareAndSwap(0, since.UnixNano())
		}
	case resp.StatusCode == http.StatusNotModified:
		r.quiet.doubt.Store(nil)
	case resp.StatusCode == http.StatusOK && (interval == "" || PollInterval(resp.Header) > 0):
		r.quiet.doubt.Store(nil)
		r.quiet.since.Store(0)
	}
}

// confirm returns when the first 429 came, if this one shows that it meant the
// route.
func (r *Route) confirm(who Identity, now time.Time) (since time.Time, confirmed bool) {
	first := r.quiet.doubt.Load()
	if first == nil {
		r.quiet.doubt.CompareAndSwap(nil, &doubt{who, now})
		return time.Time{}, false
	}
	return first.at, first.who != who || now.Sub(first.at) >= r.Pace(0)
}
