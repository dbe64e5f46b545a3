package observe

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/test/program"
)

// see has a new observer see answers to one URL on a route, all as one document.
func see(shared bool, answers ...answer) *Observer {
	o := New(Options{Memory: leastMemory})
	for _, a := range answers {
		s := Sighting{
			Time: day.Add(time.Duration(a.at) * time.Second), Route: "r", Path: "/d", Who: a.who, Document: a.who,
			Status: 200, Body: a.state, Interval: 3 * time.Second,
		}
		if shared {
			s.Document = 7
		}
		o.Saw(&s)
	}
	return o
}

// alternating are two identities that poll one URL, each given its own.
func alternating(rounds int) (answers []answer) {
	for i := range int64(rounds) {
		answers = append(answers, answer{3 * i, 1, 10, 0}, answer{3*i + 1, 2, 20, 0})
	}
	return answers
}

func TestAWrongSettingIsAMismatchBeforeItHurts(t *testing.T) {
	if _, _, mismatch := see(true, alternating(20)...).DryRun("r"); mismatch < 15 {
		t.Errorf("shared by all: got %d mismatches in a minute, want nearly one an interval", mismatch)
	}
	if _, late, mismatch := see(false, alternating(20)...).DryRun("r"); late+mismatch != 0 {
		t.Errorf("shared by nobody: got %d late and %d mismatches, want none", late, mismatch)
	}
	if match, late, mismatch := see(true).DryRun("unknown"); match+late+mismatch != 0 {
		t.Errorf("unknown route: got %d, %d, %d, want nothing", match, late, mismatch)
	}
}

func TestARefusalIsAnotherAnswer(t *testing.T) {
	o := New(Options{Memory: leastMemory})
	for i := range 20 {
		at := day.Add(time.Duration(i) * 3 * time.Second)
		o.Saw(&Sighting{Time: at, Route: "r", Path: "/d", Who: 1, Document: 7, Status: 200, Body: 10, Interval: 3 * time.Second})
		o.Saw(&Sighting{Time: at.Add(time.Second), Route: "r", Path: "/d", Who: 2, Document: 7, Status: 403, Body: 11, Interval: 3 * time.Second})
	}
	if _, _, mismatch := o.DryRun("r"); mismatch == 0 {
		t.Error("dry run: got no mismatch where one is refused what another is given")
	}
	if e := o.Evidence(day)[0]; e.Differed == 0 || e.Same != 0 {
		t.Errorf("pairs: got %d that differed and %d that agreed, want some and none", e.Differed, e.Same)
	}
}

// ask is a request of one identity, a second after the one before.
type ask struct {
	status      int
	conditional bool
	tag         etag.Tag
	body        uint64
}

func sumsOf(asks ...ask) Sums {
	o := New(Options{Memory: leastMemory})
	for i, a := range asks {
		o.Saw(&Sighting{
			Time: day.Add(time.Duration(i) * time.Second), Route: "r", Path: "/d", Who: 1,
			Status: a.status, Conditional: a.conditional, Tag: a.tag, Body: a.body,
		})
	}
	return o.Evidence(day)[0].Sums
}

func TestTagsThatDoNotFollowTheirBodiesAreCounted(t *testing.T) {
	tests := []struct {
		name                                  string
		asks                                  []ask
		changes, refetches, frozen, restamped uint64
	}{
		{"nothing changes", []ask{{200, false, `"1"`, 10}, {304, true, `"1"`, 0}, {200, false, `"1"`, 10}}, 0, 0, 0, 0},
		{"both change", []ask{{200, false, `"1"`, 10}, {200, true, `"2"`, 20}}, 1, 1, 0, 0},
		{"the body alone", []ask{{200, false, `"1"`, 10}, {200, false, `"1"`, 20}}, 1, 1, 1, 0},
		{"the tag alone", []ask{{200, false, `"1"`, 10}, {200, true, `"2"`, 10}}, 1, 1, 0, 1},
		{"weak is no change", []ask{{200, false, `"1"`, 10}, {200, false, `W/"1"`, 10}}, 0, 0, 0, 0},
		{"no bodies", []ask{{200, false, `"1"`, 0}, {200, true, `"2"`, 0}}, 1, 1, 0, 0},
		{"a log: told 304 before", []ask{{200, false, "", 0}, {304, true, "", 0}, {200, false, "", 0}}, 1, 1, 0, 0},
		{"a log: never told 304", []ask{{200, false, "", 0}, {200, false, "", 0}}, 0, 0, 0, 0},
	}
	for _, tt := range tests {
		s := sumsOf(tt.asks...)
		if s.Changes != tt.changes || s.Refetches != tt.refetches || s.Frozen != tt.frozen || s.Restamped != tt.restamped {
			t.Errorf("%s: got %d changes, %d refetches, %d frozen, %d restamped, want %d, %d, %d, %d", tt.name,
				s.Changes, s.Refetches, s.Frozen, s.Restamped, tt.changes, tt.refetches, tt.frozen, tt.restamped)
		}
	}
}

func TestAnUpstreamThatAnswers304BeforeItAuthenticatesGivesItselfAway(t *testing.T) {
	refused, unmodified, given := ask{401, false, "", 0}, ask{304, true, `"1"`, 0}, ask{200, false, `"1"`, 10}
	tests := []struct {
		name string
		asks []ask
		want uint64
	}{
		{"between refusals", []ask{refused, unmodified, refused}, 1},
		{"redirected to sign in", []ask{{302, false, "", 0}, unmodified, {302, false, "", 0}}, 1},
		{"the session ends", []ask{given, unmodified, refused}, 0},
		{"the session is renewed", []ask{refused, unmodified, given, refused}, 0},
		{"the refusals were conditional", []ask{{401, true, "", 0}, unmodified, {401, true, "", 0}}, 0},
	}
	for _, tt := range tests {
		if got := sumsOf(tt.asks...).Unguarded; got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestEvidenceHasRoutesFirstThenWhatLooksPolled(t *testing.T) {
	o := New(Options{Memory: 4 << 20})
	for i := range 20 {
		at := day.Add(time.Duration(i) * 3 * time.Second)
		o.Saw(&Sighting{Time: at, Route: "zebra", Path: "/z", Who: 1, Status: 200})
		o.Saw(&Sighting{Time: at, Route: "ant", Path: "/a", Who: 1, Status: 200, Bypass: "header:X-Tenant", Vary: []string{"X-Skin"}})
		for who := range uint64(3) {
			o.Saw(&Sighting{Time: at, Path: "/jobs/17/status", Who: who, Status: 200})
		}
		o.Saw(&Sighting{Time: at, Path: "/jobs/18/status", Who: 9, Status: 304})
		o.Saw(&Sighting{Time: at, Path: "/gone/status", Who: 9, Status: 404})
		o.Saw(&Sighting{Time: at, Path: "/app.js", Who: 9, Status: 304})
		o.Saw(&Sighting{Time: at, Path: fmt.Sprintf("/pages/%d", i), Who: 9, Status: 200})
	}
	all := o.Evidence(day.Add(time.Minute))
	var got []string
	for _, e := range all {
		got = append(got, e.Route+e.Pattern)
	}
	if want := []string{"ant", "zebra", "/jobs/*/status"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	if e := all[0]; e.Bypass["header:X-Tenant"] != 20 || e.Vary["X-Skin"] != 20 || e.Alone != 20 {
		t.Errorf("ant: got bypass %v, vary %v, %d calls, want 20 of each", e.Bypass, e.Vary, e.Alone)
	}
	if e := all[2]; e.Polls != 80 || e.Identities != 4 || e.Documents != 2 || e.Pace.Median != 3*time.Second {
		t.Errorf("jobs: got %d polls of %d identities at %d documents every %v, want 80, 4, 2, 3s", e.Polls, e.Identities, e.Documents, e.Pace.Median)
	}
	if later := o.Evidence(day.Add(2 * time.Hour)); len(later) != 2 {
		t.Errorf("two hours later: got %d, want the routes alone", len(later))
	}
}

func TestAMillionHostileURLsTakeNoMoreMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("a million sightings")
	}
	urls := 1_000_000
	if program.Raced {
		urls /= 5 // still many times what there is room for
	}
	before := heap()
	o := New(Options{})
	routes := []string{"", "", "a", "b"}
	path := []byte(strings.Repeat("/long", maxPath/5-2))
	for i := range urls {
		unique := string(strconv.AppendInt(path, int64(i), 10))
		s := Sighting{Time: day.Add(time.Duration(i) * time.Second), Path: unique, Route: routes[i%4], Document: uint64(i) + 1, Status: 200, Tag: `"1"`, Body: 5}
		if s.Route != "" {
			s.Bypass, s.Vary = unique[len(unique)-10:], []string{unique}
		}
		o.Saw(&s)
		if i%8 < 2 { // the path of what comes back is kept
			s.Time = s.Time.Add(time.Second)
			o.Saw(&s)
		}
	}
	const most = defaultMemory + 4*2*defaultShards*10<<10
	if grown := heap() - before; grown > most {
		t.Errorf("got %d KB, want at most %d", grown>>10, most>>10)
	}
	for _, e := range o.Evidence(day) {
		if words := len(e.Bypass) + len(e.Vary); words > 2*defaultShards*(maxWords+1) {
			t.Errorf("route %s: got %d words, want at most %d", e.Route, words, 2*defaultShards*(maxWords+1))
		}
	}
	runtime.KeepAlive(o)
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func TestWhatIsPolledIsNotPushedOutByWhatIsNot(t *testing.T) {
	o := New(Options{Memory: leastMemory})
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 100 {
		at := day.Add(time.Duration(i) * 3 * time.Second)
		for who := range uint64(5) {
			o.Saw(&Sighting{Time: at, Path: "/state", Who: who, Status: 200, Body: 1})
		}
		for range 500 {
			o.Saw(&Sighting{Time: at, Path: fmt.Sprintf("/page/%d", rng.Uint64()), Who: rng.Uint64(), Status: 200})
		}
	}
	all := o.Evidence(day.Add(5 * time.Minute))
	if len(all) != 1 || all[0].Pattern != "/state" || all[0].Polls < 490 {
		t.Errorf("got %+v, want /state with nearly all of its 500 polls", all)
	}
}

func TestAnObserverIsSafeForConcurrentUse(t *testing.T) {
	o := New(Options{Memory: leastMemory})
	var wg sync.WaitGroup
	const each = 2000
	for g := range uint64(4) {
		wg.Go(func() {
			for i := range each {
				o.Saw(&Sighting{Time: day.Add(time.Duration(i) * time.Second), Route: "r", Path: fmt.Sprintf("/%d", i%10), Who: g, Document: g, Status: 200, Body: 1})
				if i%500 == 0 {
					o.Evidence(day)
					o.DryRun("r")
				}
			}
		})
	}
	wg.Wait()
	if got := o.Evidence(day)[0].Polls; got != 4*each {
		t.Errorf("got %d polls, want %d", got, 4*each)
	}
}

func TestSketchCountsDistinctHashes(t *testing.T) {
	for _, n := range []uint64{0, 1, 10, 300, 5000, 200000} {
		var s sketch
		for range 2 {
			for i := range n {
				s.add(i)
			}
		}
		if got := float64(s.count()); got < float64(n)*0.85 || got > float64(n)*1.15 {
			t.Errorf("got %v, want %d within 15 %%", got, n)
		}
	}
}
