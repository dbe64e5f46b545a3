package admin

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// Snapshot is what the console shows, at one moment.
type Snapshot struct {
	Build    string          `json:"build"`    // tells builds of Pollard apart
	Instance string          `json:"instance"` // tells starts apart: counts begin anew with each
	Name     string          `json:"name"`     // of the instance, for people
	Uptime   float64         `json:"uptime_s"` // measured: no clock that is set moves it
	NotReady string          `json:"not_ready,omitempty"`
	Kill     *Killed         `json:"kill,omitempty"`
	Fleet    *Fleet          `json:"fleet,omitempty"`
	Total    Window          `json:"total"` // of all routes, in the time that is remembered
	Routes   []StreamedRoute `json:"routes"`
}

// Killed says who threw the kill switch.
type Killed struct {
	When   time.Time `json:"when"`
	Who    string    `json:"who"`
	Why    string    `json:"why,omitempty"`
	ByFile bool      `json:"by_file,omitempty"` // it ends with the kill file, and not before
}

// StreamedRoute is a route and what was counted of it lately.
type StreamedRoute struct {
	Route
	Window Window `json:"window"` // the time that is remembered, at most an hour
}

// snapshot returns what is to be shown now.
func (a *admin) snapshot() Snapshot {
	state := a.Ladder.State()
	s := Snapshot{
		Build: a.build, Instance: a.instance, Name: a.Name, Uptime: time.Since(a.History.began).Seconds(), Routes: []StreamedRoute{},
	}
	if err := a.Ready(); err != nil {
		s.NotReady = err.Error()
	}
	if k := state.Kill; k != nil {
		s.Kill = &Killed{When: k.When, Who: k.Who, Why: k.Why, ByFile: k.ByFile}
	}
	if a.Fleet != nil {
		s.Fleet = a.Fleet()
		s.Fleet.Rifts = s.Fleet.rifts()
	}
	for _, r := range Routes(a.Proxy, a.Ledger, state) {
		w := a.History.Window(r.Name)
		s.Routes = append(s.Routes, StreamedRoute{r, w})
		s.Total.Seconds = max(s.Total.Seconds, w.Seconds)
		s.Total.Polls += w.Polls
		s.Total.Upstream += w.Upstream
		s.Total.Avoided += w.Avoided
	}
	return s
}

// newest is the last snapshot, encoded. Consoles that are open at the same time
// share it: with 200 routes one takes 10 ms.
type newest struct {
	mu    sync.Mutex
	data  []byte    // guarded by mu
	taken time.Time // guarded by mu
}

// encoded returns a snapshot that is at most half a second old.
func (n *newest) encoded(take func() Snapshot) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.data != nil && time.Since(n.taken) < snapshotGap/2 {
		return n.data
	}
	data, err := json.Marshal(take())
	if err != nil {
		panic(fmt.Sprintf("admin: encoding a snapshot: %v", err)) // plain values only
	}
	n.data, n.taken = data, time.Now()
	return data
}
