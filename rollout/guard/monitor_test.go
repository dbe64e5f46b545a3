package guard_test

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// answers counts n polls by as many actors, of which the first few failed.
func answers(m *guard.Monitor, arm rollout.Arm, n, failed int) {
	for i := range n {
		m.Answered(guard.Answer{Arm: arm, Actor: uint64(i), Took: 40 * time.Millisecond, Failed: i < failed})
	}
}

func find(t *testing.T, verdicts []guard.Verdict, name string) guard.Verdict {
	t.Helper()
	for _, v := range verdicts {
		if v.Guard == name {
			return v
		}
	}
	t.Fatalf("no verdict of %s in %v", name, verdicts)
	return guard.Verdict{}
}

func TestVerdictsSayTheirFigures(t *testing.T) {
	tests := []struct {
		name    string
		count   func(*guard.Monitor)
		guard   string
		outcome guard.Outcome
		text    string
	}{
		{"nothing", func(*guard.Monitor) {}, guard.Errors, guard.Hold,
			"errors: treated 0 % of 0, untreated 0 % of 0; needs 100 more treated polls"},
		{"few untreated", func(m *guard.Monitor) { answers(m, rollout.Treated, 1210, 1); answers(m, rollout.Control, 88, 0) },
			guard.Errors, guard.Hold,
			"errors: treated 0.083 % of 1,210, untreated 0 % of 88; needs 12 more untreated polls"},
		{"as many fail", func(m *guard.Monitor) { answers(m, rollout.Treated, 1000, 50); answers(m, rollout.Control, 9870, 500) },
			guard.Errors, guard.Pass, "errors: treated 5.0 % of 1,000, untreated 5.1 % of 9,870"},
		{"control and holdout are one side", func(m *guard.Monitor) {
			answers(m, rollout.Treated, 1000, 0)
			answers(m, rollout.Control, 60, 1)
			answers(m, rollout.Holdout, 40, 0)
		}, guard.Errors, guard.Pass, "errors: treated 0 % of 1,000, untreated 1.0 % of 100"},
		{"more fail, for a second", func(m *guard.Monitor) { answers(m, rollout.Treated, 1210, 51); answers(m, rollout.Control, 9870, 10) },
			guard.Errors, guard.Hold,
			"errors: treated 4.2 % of 1,210, untreated 0.1 % of 9,870; worse, and not yet beyond chance"},
		{"nobody is untreated", func(m *guard.Monitor) { answers(m, rollout.Treated, 1000, 100) }, guard.Errors, guard.Pass,
			"errors: treated 10 % of 1,000, untreated 0 % of 0; nothing untreated to compare with: judged by Pollard's own failures alone"},
		{"nobody is untreated", func(m *guard.Monitor) { answers(m, rollout.Treated, 1000, 0) }, guard.Latency, guard.Hold,
			"latency: treated p50 50 ms, p99 50 ms of 1,000, untreated none of 0; nothing untreated to compare with"},
		{"dry runs", func(m *guard.Monitor) {
			m.Compared(guard.Shadow, guard.Match, 9)
			m.Compared(guard.Shadow, guard.Inconclusive, 5)
			m.Compared(guard.DryRun, guard.Match, 1000)
			m.Compared(guard.DryRun, guard.Mismatch, 5)
		}, guard.Mismatches, guard.Pass, "mismatch: treated 0 % of 9 shadow checks, untreated 0.5 % of 1,005 dry-run comparisons"},
		{"few watches", func(m *guard.Monitor) { m.WatchBegan(); m.WatchFailed() }, guard.Watches, guard.Hold,
			"watches: treated 100 % of 1 failed; needs 19 more watches"},
		{"old answers", func(m *guard.Monitor) {
			for i := range uint64(200) {
				age := 10 * time.Second
				if i == 0 {
					age++
				}
				m.Answered(guard.Answer{Actor: i, Age: age, Interval: 5 * time.Second})
			}
		}, guard.Staleness, guard.Pass, "staleness: treated 0.5 % of 200 older than 2 intervals"},
	}
	for _, test := range tests {
		m := guard.New(noon, rollout.Push, guard.Options{})
		test.count(m)
		v := find(t, m.Verdicts(noon.Add(time.Second)), test.guard)
		if v.Outcome != test.outcome || v.Text != test.text {
			t.Errorf("%s:\ngot  %v, %s\nwant %v, %s", test.name, v.Outcome, v.Text, test.outcome, test.text)
		}
	}
}

// fail lets every treated poll fail for some seconds from now on, and returns the time
// after them.
func fail(m *guard.Monitor, now time.Time, seconds int) time.Time {
	for range seconds {
		answers(m, rollout.Treated, 100, 100)
		answers(m, rollout.Control, 1000, 0)
		now = now.Add(time.Second)
		m.Verdicts(now)
	}
	return now
}

func TestAFailureSaysByWhichFigures(t *testing.T) {
	m := guard.New(noon, rollout.Coalesce, guard.Options{})
	now := fail(m, noon, 5)
	v := find(t, m.Verdicts(now), guard.Errors)
	const want = "errors: treated 100 % of 500, untreated 0 % of 5,000"
	if v.Outcome != guard.Fail || v.Text != want {
		t.Errorf("got %v, %s; want fail, %s", v.Outcome, v.Text, want)
	}
	if v.Treated != (guard.Figure{Value: 1, N: 500}) || v.Untreated != (guard.Figure{N: 5000}) {
		t.Errorf("got figures %v and %v, want 1 of 500 and 0 of 5000", v.Treated, v.Untreated)
	}
}

// A client may run into a limit again and again.
func TestOneClientsFailuresDoNotConvict(t *testing.T) {
	m := guard.New(noon, rollout.Coalesce, guard.Options{})
	now := noon
	for range 30 {
		answers(m, rollout.Treated, 100, 0)
		answers(m, rollout.Control, 100, 0)
		for range 100 {
			m.Answered(guard.Answer{Arm: rollout.Treated, Actor: 7, Failed: true, Ours: true})
		}
		now = now.Add(time.Second)
		m.Verdicts(now)
	}
	v := find(t, m.Verdicts(now), guard.Errors)
	const want = "errors: treated 50 % of 6,000, untreated 0 % of 3,000; it is few actors who fare worse"
	if v.Outcome != guard.Hold || v.Text != want {
		t.Errorf("got %v, %s; want hold, %s", v.Outcome, v.Text, want)
	}
}

func TestAMoveForgetsWhatWasBefore(t *testing.T) {
	m := guard.New(noon, rollout.Push, guard.Options{})
	now := fail(m, noon, 5)
	answers(m, rollout.Treated, 100, 100)
	m.WatchFailed()
	m.Moved(now, rollout.Coalesce)
	verdicts := m.Verdicts(now.Add(time.Second))
	if v := find(t, verdicts, guard.Errors); v.Outcome != guard.Hold || v.Treated.N != 0 || v.Stood != 0 {
		t.Errorf("got %v for %v: %s; want hold, of nothing", v.Outcome, v.Stood, v.Text)
	}
	if len(verdicts) != 4 {
		t.Errorf("got %d verdicts at coalesce, want 4: nobody watches", len(verdicts))
	}
}

func TestFiguresAreThoseOfTheWindow(t *testing.T) {
	m := guard.New(noon, rollout.Coalesce, guard.Options{Window: 12 * time.Second, Polls: 50})
	now := fail(m, noon, 3)
	for range 12 {
		now = now.Add(time.Second)
		answers(m, rollout.Treated, 7, 0)
		answers(m, rollout.Control, 7, 0)
		m.Verdicts(now)
	}
	if v := find(t, m.Verdicts(now), guard.Errors); v.Treated.N != 12*7 {
		t.Errorf("got %s, want the treated polls of 12 seconds", v.Text)
	}
}

func TestRareTrafficIsJudgedByALongerWindow(t *testing.T) {
	m := guard.New(noon, rollout.Coalesce, guard.Options{})
	now := noon
	for range 600 { // polls of each, one a second
		answers(m, rollout.Treated, 1, 0)
		answers(m, rollout.Control, 1, 0)
		now = now.Add(time.Second)
		m.Verdicts(now)
	}
	for _, v := range m.Verdicts(now)[:2] {
		if v.Outcome != guard.Pass || v.Treated.N != 600 {
			t.Errorf("got %v of %d treated polls: %s; want pass, of 600", v.Outcome, v.Treated.N, v.Text)
		}
	}
}

func TestAnOutcomeSaysHowLongItHasStood(t *testing.T) {
	m := guard.New(noon, rollout.Coalesce, guard.Options{Window: 10 * time.Second})
	now := fail(m, noon, 5)
	failed := now
	for find(t, m.Verdicts(now), guard.Errors).Outcome != guard.Pass {
		answers(m, rollout.Treated, 1000, 0)
		answers(m, rollout.Control, 1000, 0)
		now = now.Add(time.Second)
		if now.Sub(failed) > time.Minute {
			t.Fatal("does not pass a minute after the fault was gone")
		}
	}
	now = now.Add(3 * time.Second)
	if v := find(t, m.Verdicts(now), guard.Errors); v.Stood != 3*time.Second {
		t.Errorf("passes for %v, want 3s", v.Stood)
	}
}

// The ticks of a clock come a little early as often as late.
func TestSecondsThatAreNotExactAreRoundsAllTheSame(t *testing.T) {
	m := guard.New(noon, rollout.Coalesce, guard.Options{})
	for second := 1; second <= 30; second++ {
		answers(m, rollout.Treated, 100, 100)
		answers(m, rollout.Control, 100, 0)
		now := noon.Add(time.Duration(second)*time.Second - time.Duration(second%2)*time.Millisecond)
		if find(t, m.Verdicts(now), guard.Errors).Outcome == guard.Fail {
			if second > 6 {
				t.Errorf("a total failure was seen after %d s, want at most 6", second)
			}
			return
		}
	}
	t.Error("a total failure was not seen")
}

func TestNoPollIsLostBetweenRounds(t *testing.T) {
	m := guard.New(noon, rollout.Coalesce, guard.Options{Window: 10 * time.Minute})
	const goroutines, polls = 4, 5000
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() { answers(m, rollout.Treated, polls, polls/2) })
	}
	now := noon
	for range 100 {
		now = now.Add(time.Second)
		m.Verdicts(now)
	}
	wg.Wait()
	v := find(t, m.Verdicts(now.Add(time.Second)), guard.Errors)
	if v.Treated != (guard.Figure{Value: 0.5, N: goroutines * polls}) {
		t.Errorf("got %s, want half of %d", v.Text, goroutines*polls)
	}
}

func TestCountingDoesNotAllocate(t *testing.T) {
	m := guard.New(noon, rollout.Push, guard.Options{})
	actor := uint64(0)
	allocated := testing.AllocsPerRun(1000, func() {
		actor++
		m.Answered(guard.Answer{Actor: actor, Took: time.Millisecond, Age: time.Second, Interval: time.Second})
		m.Compared(guard.Shadow, guard.Match, 1)
		m.WatchBegan()
		m.WatchFailed()
	})
	if allocated != 0 {
		t.Errorf("got %v allocations, want none", allocated)
	}
}

func TestAMonitorTakesAsMuchMemoryAsItSays(t *testing.T) {
	bytes := bytesOf(func() any { return guard.New(noon, rollout.Push, guard.Options{}) })
	if bytes > 105_000 {
		t.Errorf("takes %d bytes, want at most 105,000", bytes)
	}
}

// bytesOf returns how much what make makes takes.
func bytesOf(make func() any) uint64 {
	const n = 50
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		kept = make()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / n
}

// kept keeps what is measured from being optimized away.
var kept any

func BenchmarkAnswered(b *testing.B) {
	m := guard.New(noon, rollout.Push, guard.Options{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		actor := rand.Uint64()
		for pb.Next() {
			actor++
			m.Answered(guard.Answer{Actor: actor, Took: 50 * time.Microsecond, Age: time.Second, Interval: time.Second})
		}
	})
}

func BenchmarkVerdicts(b *testing.B) {
	m := guard.New(noon, rollout.Push, guard.Options{})
	b.ReportAllocs()
	now := noon
	for b.Loop() {
		now = now.Add(time.Second)
		m.Verdicts(now)
	}
}
