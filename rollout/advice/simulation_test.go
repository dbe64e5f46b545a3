package advice

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout/observe"
	"github.com/pollard-proxy/pollard/test/program"
)

// brief reports whether a simulation may be a fraction of what it is else: it lives in
// one goroutine, where the race detector finds nothing and takes several times as long.
func brief() bool { return testing.Short() || program.Raced }

// day is how long a simulated day is.
func day() time.Duration {
	if brief() {
		return 10 * time.Minute
	}
	return 30 * time.Minute
}

// mixed is a day in miniature.
func mixed(rng *rand.Rand) []*history {
	day := day()
	kinds := []pages{
		{route: "issue_changes", path: "/g/p/-/issues/%d/realtime_changes", documents: 40, people: 200, arrivals: 4 * time.Minute, stay: 10 * time.Minute, tabs: 2, period: 3 * time.Second, changes: 5 * time.Minute},
		{route: "pipelines", path: "/g/p/-/merge_requests/%d/pipelines.json", documents: 60, people: 100, arrivals: 20 * time.Minute, stay: 15 * time.Minute, tabs: 1, period: 10 * time.Second, changes: 2 * time.Minute},
		{route: "importer", path: "/import/github/realtime_changes.json", documents: 1, people: 300, arrivals: 20 * time.Second, stay: 5 * time.Minute, tabs: 2, period: 3 * time.Second, changes: time.Minute, personal: 1},
		{route: "board", path: "/boards/%d/state", documents: 3, people: 500, arrivals: 15 * time.Second, stay: 10 * time.Minute, tabs: 1, period: 5 * time.Second, changes: 10 * time.Minute, always: true},
		{path: "/api/v1/jobs/%d/status", documents: 30, people: 100, arrivals: 8 * time.Minute, stay: 10 * time.Minute, tabs: 1, period: 2 * time.Second, changes: time.Minute},
	}
	var all []*history
	for _, k := range kinds {
		all = append(all, k.live(rng, day))
	}
	return all
}

// seeds returns how many worlds are simulated of those that there are in full.
func seeds(full uint64) uint64 {
	if brief() {
		return max(1, full/10)
	}
	return full
}

func TestPredictionsAgreeWithWhatIsTrue(t *testing.T) {
	t.Parallel()
	const points = 0.05
	for seed := range seeds(2) {
		all := mixed(rand.New(rand.NewPCG(seed, 4)))
		evidence := watchAll(days(all...), 32<<20).Evidence(midnight.Add(day()))
		if len(evidence) != len(all) {
			t.Fatalf("seed %d: got evidence of %d routes and patterns, want %d", seed, len(evidence), len(all))
		}
		for _, h := range all {
			i := slices.IndexFunc(evidence, func(e observe.Evidence) bool { return e.Route == h.route })
			a := For(evidence[i])
			for _, p := range a.Predictions {
				if p.Share == "verified" && h.personal > 0 {
					continue // supposes that all are given the same
				}
				truth := h.coalesced(p.Share)
				if p.Stage == "push" {
					truth = h.pushed(p.Share)
				}
				t.Logf("seed %d: %s at %s, share %s %s: %v, in truth %.3f", seed, a.Route, p.Stage, p.Share, p.Deliver, p.Reduction, truth)
				if math.Abs(p.Reduction.Point-truth) > points {
					t.Errorf("seed %d: %s at %s, share %s %s: predicted %.3f, in truth %.3f", seed, a.Route, p.Stage, p.Share, p.Deliver, p.Reduction.Point, truth)
				}
			}
		}
	}
}

func TestAPageWithMoreClientsThanThereIsRoomForIsPredictedFromTheRest(t *testing.T) {
	h := pages{route: "board", path: "/boards/%d/state", documents: 3, people: 500, arrivals: 5 * time.Second, stay: 10 * time.Minute, tabs: 1, period: 5 * time.Second, changes: 10 * time.Minute}.
		live(rand.New(rand.NewPCG(1, 9)), 20*time.Minute)
	e := watchAll(h.polls, 1<<20).Evidence(midnight)[0]
	if e.Untracked == 0 {
		t.Fatal("got room for all, want less")
	}
	a := For(e)
	for _, share := range []string{"nothing", "changes", "verified", "everything"} {
		if got, truth := a.saves("coalesce", share).Point, h.coalesced(share); math.Abs(got-truth) > 0.05 {
			t.Errorf("share %s: predicted %.3f from %.0f %% of the polls, in truth %.3f", share, got, e.Tracked()*100, truth)
		}
	}
}

// Of an importer's status each user sees their own, under one URL; most may have
// none and be given the same.
func TestWhatIsPersonalIsNeverSharedWhateverTheSeed(t *testing.T) {
	t.Parallel()
	for seed := range seeds(1000) {
		rng := rand.New(rand.NewPCG(seed, 5))
		h := pages{
			route: "importer", path: "/import/github/realtime_changes.json", documents: 1, people: 20 + rng.IntN(300), arrivals: 3*time.Second + time.Duration(rng.Int64N(int64(20*time.Second))),
			stay: 20*time.Second + time.Duration(rng.Int64N(int64(5*time.Minute))), tabs: 1 + rng.IntN(3), period: 3 * time.Second,
			changes: 10*time.Second + time.Duration(rng.Int64N(int64(10*time.Minute))), personal: 1 + rng.Uint64N(5), always: rng.IntN(2) == 0,
		}.live(rng, 3*time.Minute)
		for _, a := range advise(h) {
			if a.Share != "nothing" || a.Question != "" || strings.Contains(YAML(a), "everything") {
				t.Fatalf("seed %d: got share %s, question %q of %+v", seed, a.Share, a.Question, a.Pairs)
			}
		}
	}
}

func advise(h *history) []Advice { return All(watchAll(h.polls, 2<<20).Evidence(midnight)) }

func TestWhatIsTheSameForAllIsKnownForItInTime(t *testing.T) {
	t.Parallel()
	h := pages{route: "board", path: "/boards/%d", documents: 20, people: 200, arrivals: 30 * time.Second, stay: 10 * time.Minute, tabs: 1, period: 3 * time.Second, changes: time.Minute}
	for seed := range seeds(3) {
		a := advise(h.live(rand.New(rand.NewPCG(seed, 6)), 20*time.Minute))[0]
		if a.Share != "changes" || a.Pairs.Differed != 0 {
			t.Errorf("seed %d: got share %s of %+v, want changes; %q %q", seed, a.Share, a.Pairs, a.Reasons, a.Needs)
		}
		if a.Question == "" {
			t.Errorf("seed %d: got no question about %+v; %q", seed, a.Pairs, a.Needs)
		}
	}
}

func TestWatchersAndChangesAreCounted(t *testing.T) {
	// 20 documents with people coming every 2 minutes for 10 minutes: 5 at a time.
	h := pages{route: "r", path: "/d/%d", documents: 20, people: 1e6, arrivals: 2 * time.Minute, stay: 10 * time.Minute, tabs: 1, period: 5 * time.Second, changes: 5 * time.Minute}
	lived := h.live(rand.New(rand.NewPCG(1, 7)), time.Hour)
	changes := 0
	for _, at := range lived.changed {
		changes += len(at)
	}
	a := advise(lived)[0]
	if a.Watchers < 4.5 || a.Watchers > 5.8 {
		t.Errorf("got %.2f watchers, want about 5", a.Watchers)
	}
	if a.TabsEach < 0.95 || a.TabsEach > 1.05 {
		t.Errorf("got %.2f tabs of each identity, want 1", a.TabsEach)
	}
	if want := float64(changes) / 20; math.Abs(a.Changes-want) > want/20 {
		t.Errorf("got %.2f changes an hour of a document, want %.2f", a.Changes, want)
	}
	if a.PaceMS.Median < 5000 || a.PaceMS.Median > 5100 {
		t.Errorf("got a pace of %d ms, want 5000 and an answer", a.PaceMS.Median)
	}
	if a.IntervalMS != 5000 {
		t.Errorf("got an interval of %d ms, want upstream's 5000", a.IntervalMS)
	}
}

func TestWhatLooksPolledIsAdvisedAsANewRoute(t *testing.T) {
	t.Parallel()
	h := pages{path: "/acme/shop/-/issues/%d/realtime_changes", documents: 12, people: 200, arrivals: time.Minute, stay: 10 * time.Minute, tabs: 1, period: 3 * time.Second, changes: time.Minute}
	all := advise(h.live(rand.New(rand.NewPCG(1, 8)), time.Hour))
	if len(all) != 1 {
		t.Fatalf("got %d, want one pattern for all", len(all))
	}
	if a := all[0]; !a.IsNew || !a.IsPolled || a.Path != "/acme/shop/-/issues/*/realtime_changes" || a.Route != "acme_shop_issues_realtime_changes" || a.Share != "changes" {
		t.Errorf("got %+v, want a new route for the issues of /acme/shop under share changes", a)
	}
}
