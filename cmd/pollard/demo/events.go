package demo

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

// news is the time between two events on the page's stream.
const news = 500 * time.Millisecond

// reached are the calls for one document that got as far as the application, and what its reader can do next.
type reached struct {
	Through int         `json:"through"` // in the visitor's session, through the proxy
	Direct  int         `json:"direct"`  // in the visitor's session, without it
	Shared  int         `json:"shared"`  // through the proxy, without credentials, on everybody's behalf
	Step    legacy.Step `json:"step"`
}

// event is what the page is told.
type event struct {
	Seconds   int                `json:"seconds"`
	Routes    []row              `json:"routes"`
	Total     totals             `json:"total"`
	Watchers  int64              `json:"watchers"`
	Received  uint64             `json:"received"`
	Documents map[string]reached `json:"documents"`
	Through   delayBy            `json:"through"`
	Direct    delayBy            `json:"direct"`
	Script    string             `json:"script"`   // further one of the pages on the left, "" for none
	Chapters  []told             `json:"chapters"` // of the tour, that have begun
}

// events streams the counts for as long as the page is open.
func (v *sideBySide) events(s sight) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		ticker := time.NewTicker(news)
		defer ticker.Stop()
		for {
			data, err := json.Marshal(v.event(s, sessionOf(r)))
			if err != nil {
				panic(err) // plain fields always marshal
			}
			if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
				return // the page is gone
			}
			http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-ticker.C:
			}
		}
	}
}

func sessionOf(r *http.Request) string {
	cookie, err := r.Cookie(legacy.SessionCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}

func (v *sideBySide) event(s sight, session string) event {
	sc := s.look()
	return event{
		Script: s.script(), Chapters: sc.Told,
		Seconds: int(sc.Elapsed.Seconds()), Routes: sc.Rows, Total: sum(sc.routes()), Watchers: sc.watchers(), Received: sc.received(),
		Documents: v.reached(session),
		Through:   v.delays.of(column{through, session}), Direct: v.delays.of(column{direct, session}),
	}
}

func (v *sideBySide) reached(session string) map[string]reached {
	byPath := map[string]reached{}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, path := range v.documents {
		byPath[path] = reached{
			Through: v.calls[caller{through, path, session}], Direct: v.calls[caller{direct, path, session}],
			Shared: v.calls[caller{through, path, ""}], Step: v.app.NextStep(path),
		}
	}
	return byPath
}
