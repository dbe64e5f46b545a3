package advice

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// plain is evidence of a polled route of which everything speaks for sharing.
func plain() observe.Evidence {
	part := observe.Sums{
		Polls: 10000, Repeats: 9900, Steady: 9900, NotModified: 9000, Conditional: 9900, Hashed: 1000, Tagged: 10000,
		Alone: 9900, Probed: 2500, Proven: 3000, Together: 2000, Visits: 100,
		Watched: 10000 * 3 * time.Second, Attended: 10000 * 3 * time.Second, Open: 2000 * 3 * time.Second,
		Changes: 100, Refetches: 500, Same: 800, TagsSame: 800,
	}
	e := observe.Evidence{
		Route: "issue_changes", Since: midnight, Until: midnight.Add(time.Hour), Documents: 100, Identities: 300, Compared: 200,
		Pace: observe.Quantiles{Low: 3 * time.Second, Median: 3010 * time.Millisecond, High: 3100 * time.Millisecond}, PollInterval: 3 * time.Second,
		Bypass: map[string]uint64{}, Vary: map[string]uint64{},
	}
	for i := range e.Parts {
		e.Parts[i] = part
		e.Parts[i].Together += uint64(i)
		e.Sums.Add(&e.Parts[i])
	}
	return e
}

func TestSharingIsAdvisedOnEvidenceAlone(t *testing.T) {
	tests := []struct {
		name     string
		change   func(*observe.Evidence)
		share    string
		question bool
		says     string // some reason or need
	}{
		{"all agree", func(*observe.Evidence) {}, "changes", true, "no pair of 12,800 differed, of 200 identities"},
		{"one pair differed", func(e *observe.Evidence) { e.Differed = 1 }, "nothing", false, "1 of 12,801 concurrent pairs differed"},
		{"some differed", func(e *observe.Evidence) { e.Same, e.Differed = 1173, 37 }, "nothing", false, "37 of 1,210 concurrent pairs differed"},
		{"the dry run went wrong", func(e *observe.Evidence) { e.Match, e.Mismatch = 98, 2 }, "nothing", false, "2 of 100 polls would have been given another answer"},
		{"a log", func(e *observe.Evidence) { e.Hashed, e.Tagged, e.Same, e.TagsSame = 0, 0, 0, 0 }, "nothing", false, "cannot be judged"},
		{"too few pairs", func(e *observe.Evidence) { e.Same = 39 }, "nothing", false, "needs about 260 more concurrent pairs, at this rate 7 hours"},
		{"pairs of a few", func(e *observe.Evidence) { e.Compared = 9 }, "nothing", false, "needs about 1 more identity, at this rate 7 minutes in such pairs"},
		{"enough for news, not for bodies", func(e *observe.Evidence) { e.Same = 500 }, "changes", false, "needs about 2,495 more concurrent pairs"},
		{"changes too fast", func(e *observe.Evidence) { e.Unresolved = 3000 }, "nothing", false, "too fast"},
		{"a cookie in each answer", func(e *observe.Evidence) { e.SetsCookie = e.Polls }, "nothing", false, "Set-Cookie"},
		{"varies on the cookie", func(e *observe.Evidence) { e.Vary["Cookie"] = 3 }, "nothing", false, "who asks"},
		{"tags of their own", func(e *observe.Evidence) { e.TagsSame, e.TagsApart = 1, 12000 }, "nothing", true, "its own tags"},
		{"no tags", func(e *observe.Evidence) { e.TagsSame, e.Tagged = 0, 0 }, "nothing", true, "have no tags"},
		{"one identity each", func(e *observe.Evidence) {
			e.Same, e.Compared, e.Open = 0, 0, e.Attended
		}, "nothing", false, "there is nothing to share"},
		{"few polls", func(e *observe.Evidence) { e.Polls = 40 }, "nothing", false, "needs about 60 more polls, at this rate 90 minutes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := plain()
			tt.change(&e)
			a := For(e)
			if a.Share != tt.share {
				t.Errorf("got share %s, want %s", a.Share, tt.share)
			}
			if (a.Question != "") != tt.question {
				t.Errorf("got question %q, want one: %t", a.Question, tt.question)
			}
			said := slices.Concat(a.Reasons, a.Needs)
			if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, tt.says) }) {
				t.Errorf("got %q, want one that says %q", said, tt.says)
			}
			if strings.Contains(YAML(a), "everything") {
				t.Errorf("got %s, which is the operator's to say", YAML(a))
			}
		})
	}
}

func TestReasonsNameWhatIsInTheWay(t *testing.T) {
	tests := []struct {
		name   string
		change func(*observe.Evidence)
		says   string
	}{
		{"an undeclared field", func(e *observe.Evidence) { e.Bypass["header:X-Tenant"] = 1200 }, "1,200 polls carry X-Tenant"},
		{"another reason", func(e *observe.Evidence) { e.Bypass["no-cache"] = 7 }, "7 polls could not be coalesced: no-cache"},
		{"frozen tags", func(e *observe.Evidence) { e.Frozen = 3 }, "the body changed 3 times while the tag stayed"},
		{"a door that is open", func(e *observe.Evidence) { e.Unguarded = 2 }, "304 before it authenticates"},
		{"no tags", func(e *observe.Evidence) { e.Untagged = e.Polls }, "etag: body"},
		{"not polled", func(e *observe.Evidence) { e.Steady = 5 }, "not polled: 5 of 160,000"},
		{"an interval that is too short", func(e *observe.Evidence) { e.PollInterval, e.Interval = 0, time.Second }, "ask less often"},
		{"no room", func(e *observe.Evidence) { e.Unfollowed = 9 }, "9 further polls"},
	}
	for _, tt := range tests {
		e := plain()
		tt.change(&e)
		if a := For(e); !slices.ContainsFunc(a.Reasons, func(s string) bool { return strings.Contains(s, tt.says) }) {
			t.Errorf("%s: got %q, want one that says %q", tt.name, a.Reasons, tt.says)
		}
	}
}

func TestTheRuleOfThree(t *testing.T) {
	for bound, want := range map[float64]uint64{0.01: 299, 0.001: 2995} {
		if got := pairsFor(bound); got != want {
			t.Errorf("below %v: got %d pairs, want %d", bound, got, want)
		}
	}
}

func TestPredictionsFollowTheFormulas(t *testing.T) {
	e := plain()
	leases := 0.06 / math.Expm1(52.5*0.06/3) // six bodies in 100 polls, which take 300 s
	want := map[string]float64{
		// 30 of 10,000 polls are first ones of each 100 visits; N is 5, a tick 3.075 s.
		"coalesce/nothing": 0.01, "coalesce/changes": 0.75, "coalesce/verified": 0.7, "coalesce/everything": 0.799,
		"push/nothing/document":    1 - (3/3.075 + 0.01*2),
		"push/changes/document":    1 - (0.2*3/3.075 + 0.05 + leases + 0.01*2),
		"push/changes/signal":      1 - (0.2*3/3.075 + 0.05 + leases + 0.01*2),
		"push/verified/document":   1 - (0.2*3/3.075 + 0.04 + leases + 0.01*2),
		"push/everything/document": 1 - (0.2*3/3.075 + 0.01*1.2),
	}
	predictions := For(e).Predictions
	if len(predictions) != len(want) {
		t.Fatalf("got %d predictions, want %d", len(predictions), len(want))
	}
	for _, p := range predictions {
		key := strings.TrimSuffix(p.Stage+"/"+p.Share+"/"+p.Deliver, "/")
		if off := p.Reduction.Point - want[key]; off > 0.001 || off < -0.001 {
			t.Errorf("%s: got %.4f, want %.4f", key, p.Reduction.Point, want[key])
		}
		if p.Reduction.Low == nil || *p.Reduction.Low > p.Reduction.Point || *p.Reduction.High < p.Reduction.Point {
			t.Errorf("%s: got %v, want an interval around the point", key, p.Reduction)
		}
	}
}

func TestAnEstimateOfOnePartHasNoInterval(t *testing.T) {
	e := plain()
	e.Parts = [observe.Folds]observe.Sums{0: e.Sums}
	got := For(e).Predictions[0].Reduction
	if got.Low != nil || got.High != nil {
		t.Errorf("got %v, want no interval", got)
	}
	if text := got.String(); text != "1 %" {
		t.Errorf("got %q, want 1 %%", text)
	}
	if yaml := YAML(For(e)); !strings.Contains(yaml, "stage: observe") {
		t.Errorf("got %s, want to stay at observe", yaml)
	}
}

func TestNothingIsJSON(t *testing.T) {
	b, err := json.Marshal(For(observe.Evidence{Pattern: "/a/*"}))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `"is_new":true`) || !strings.Contains(string(b), `"share":"nothing"`) {
		t.Errorf("got %s, want new advice that shares nothing", b)
	}
}

func TestNamesAreUnique(t *testing.T) {
	all := All([]observe.Evidence{{Route: "jobs"}, {Pattern: "/jobs/*"}, {Pattern: "/*/jobs"}, {Pattern: "/*"}, {Pattern: "/other"}})
	var got []string
	for _, a := range all {
		got = append(got, a.Route)
	}
	if want := []string{"jobs", "jobs_2", "jobs_3", "polled", "polled_2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPrintSaysAllOnOnePage(t *testing.T) {
	e := plain()
	e.Route, e.Pattern, e.Example = "", "/**/-/issues/*/realtime_changes", "/g/p/-/issues/1/realtime_changes"
	var b strings.Builder
	if err := Print(&b, All([]observe.Evidence{e})); err != nil {
		t.Fatal(err)
	}
	want := `ROUTE                          POLLS    EVERY  WATCHERS  304   SHARE    COALESCE         PUSH
issues_realtime_changes (new)  160,000  3s     5.0       90 %  changes  75 % (75 to 75)  70 % (70 to 70)

issues_realtime_changes (new)  /**/-/issues/*/realtime_changes
  - polled every 3s by 5.0 tabs at a time on each document, 1.0 of them of one identity
  - no pair of 12,800 differed, of 200 identities
  - whether upstream gives its tags to probes, which have no credentials, traffic does not tell; if not, ` + "`share: verified`" + ` saves 70 % (70 to 70)
  ? Is it public? No pair of 12,800 differed; that is not proof that it is. If it is, ` + "`share: everything`" + ` would save 80 % at coalesce.

  - name: issues_realtime_changes
    path: "/**/-/issues/*/realtime_changes"
    stage: coalesce # predicted to save 75 % (75 to 75) of the calls
    percent: 1
    share: changes
    interval: 3s
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPrintReturnsTheErrorOfItsWriter(t *testing.T) {
	full := errors.New("disk is full")
	if err := Print(failing{full}, nil); !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
