package fleet

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// upstream knows documents that change when it is told to, and writes down who asked when. It has a door for each
// instance, so that it knows who asks.
type upstream struct {
	doors []*httptest.Server
	text  string // of each document

	mu      sync.Mutex
	version int
	told    []time.Time // of each version, when it was told first; none after the newest that was
	calls   []call
	hold    func(instance int) // is called by the next call before its answer, once; nil: nobody waits for one
}

type call struct {
	instance int
	at       time.Time
}

// filling makes a document 1 KB; it does not compress to nothing.
func filling() string {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < 1000 {
		fmt.Fprintf(&b, "%x", random.Uint32())
	}
	return b.String()
}

func newUpstream(t *testing.T) *upstream {
	u := &upstream{text: filling()}
	for i := range instances {
		door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { u.answer(i, w, r) }))
		t.Cleanup(door.Close)
		u.doors = append(u.doors, door)
	}
	return u
}

func (u *upstream) answer(instance int, w http.ResponseWriter, r *http.Request) {
	tag, hold := u.called(instance)
	if hold != nil {
		hold(instance)
	}
	w.Header().Set("Etag", tag)
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	fmt.Fprintf(w, `{"state":%q,"text":%q}`, tag, u.text)
}

func (u *upstream) called(instance int) (tag string, hold func(int)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.calls = append(u.calls, call{instance, time.Now()})
	hold, u.hold = u.hold, nil
	for len(u.told) <= u.version {
		u.told = append(u.told, time.Now())
	}
	return fmt.Sprintf(`W/"%d"`, u.version), hold
}

// holdNext has the next call wait until held returns.
func (u *upstream) holdNext(held func(instance int)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.hold = held
}

func (u *upstream) change() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.version++
}

// newest returns the newest version.
func (u *upstream) newest() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.version
}

// toldAt returns when a version that has been told was told first.
func (u *upstream) toldAt(version int) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.told[version]
}

// since returns the calls that came after t.
func (u *upstream) since(t time.Time) calls {
	u.mu.Lock()
	defer u.mu.Unlock()
	var later calls
	for _, c := range u.calls {
		if c.at.After(t) {
			later = append(later, c)
		}
	}
	return later
}

// calls are in the order of time.
type calls []call

func (c calls) of(instance int) calls {
	var own calls
	for _, call := range c {
		if call.instance == instance {
			own = append(own, call)
		}
	}
	return own
}

// perInterval is how many calls there are in an interval, from the first to the last: the first begins the time in
// which the others are counted, so that nothing hangs on when the count began and ended.
func (c calls) perInterval() float64 { return float64(len(c)-1) / c.intervals() }

// intervals are how many there are from the first call to the last; none if there are not two.
func (c calls) intervals() float64 {
	if len(c) < 2 {
		return 0
	}
	return c[len(c)-1].at.Sub(c[0].at).Seconds() / interval.Seconds()
}
