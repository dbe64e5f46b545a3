package admin

import (
	"fmt"
	"net/http"
	"time"
)

// Bounds of who looks: streams beyond the first are refused, and a stream that is
// not taken in ends.
const (
	maxStreams  = 32
	patience    = 10 * time.Second // for one snapshot to be taken in
	snapshotGap = time.Second
)

// stream sends a snapshot a second as server-sent events, for as long as somebody
// looks and may. Nothing is computed for nobody.
func (a *admin) stream(w http.ResponseWriter, r *http.Request) {
	if a.streams.Add(1) > maxStreams {
		a.streams.Add(-1)
		w.Header().Set("Retry-After", "10")
		http.Error(w, fmt.Sprintf("%d consoles are open already", maxStreams), http.StatusServiceUnavailable)
		return
	}
	defer a.streams.Add(-1)
	events := openEvents(w, r)
	ticker := time.NewTicker(snapshotGap)
	defer ticker.Stop()
	for {
		if events.send(a.newest.encoded(a.snapshot)) != nil {
			return // the client has gone
		}
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
		}
		if !a.access.Load().mayRead(r) {
			return // not any more
		}
	}
}
