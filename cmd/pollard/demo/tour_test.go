package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

func TestTourFailsWhenAChapterDoesNotComeAbout(t *testing.T) {
	var out bytes.Buffer
	// Nobody listens for operators here: what they ask goes to the application, which knows nothing of it.
	on, err := setUp(t.Context(), Options{Tour: true, Viewers: 100, Duration: 5 * time.Second, JSON: true, Out: &out, Start: startPassThrough(nil)}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	on.tour.chapters[0].act = untilPolled
	err = errors.Join(on.play(t.Context()), on.takeDown())
	if want := "chapter 2, Advice, did not come about: GET /api/v1/advice: 404 Not Found"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	var got report
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Chapters) != 2 || !got.Chapters[0].HasEnded || got.Chapters[1].HasEnded {
		t.Errorf("got %+v, want a chapter that has ended and one that has not", got.Chapters)
	}
}

// untilPolled ends once the route of a tour has been polled.
func untilPolled(ctx context.Context, on *tour) error {
	for on.counted().Polls == 0 {
		if err := on.wait(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func TestATourThatIsCutShortHasNotComeAbout(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err := Run(ctx, Options{Tour: true, Viewers: 10, JSON: true, Out: io.Discard, Start: startPassThrough(nil)})
	if want := "chapter 1, Observe, did not come about: it was cut short"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOnlyTheRouteOfTheTourIsCheckedMoreThanByDefault(t *testing.T) {
	for _, r := range routes(Options{Tour: true}.withDefaults()) {
		if want := r.Name == toured; r.Stage != Observe || (r.Check > 0) != want {
			t.Errorf("got %+v, want it to be observed, and checked: %v", r, want)
		}
	}
	for _, r := range routes(Options{}.withDefaults()) {
		if r.Stage != Push || r.Check != 0 {
			t.Errorf("got %+v, want it at push, checked as by default", r)
		}
	}
}

func TestWhatAChapterFindsIsHeldAgainstWhatItSays(t *testing.T) {
	idle := &tour{theatre: &theatre{proxy: Proxy{Routes: func() []RouteTotals { return []RouteTotals{{Name: toured, Stage: "push"}} }}}}
	ended := func(polls, upstream uint64) told {
		return told{Seconds: 10, totals: sum([]RouteTotals{{Polls: polls, Upstream: upstream}})}
	}
	tests := []struct {
		name  string
		find  func(*tour) (string, error)
		wants string // in the error; "" for none
	}{
		{"all passed", func(on *tour) (string, error) { return passed(t.Context(), on, ended(100, 100)) }, ""},
		{"one was on its way", func(on *tour) (string, error) { return passed(t.Context(), on, ended(100, 99)) }, ""},
		{"some were answered from memory", func(on *tour) (string, error) { return passed(t.Context(), on, ended(100, 80)) }, "of 100 polls 80 were passed"},
		{"nobody polled", func(on *tour) (string, error) { return passed(t.Context(), on, ended(0, 0)) }, "of 0 polls"},
		{"nothing was saved", func(on *tour) (string, error) { return saved(t.Context(), on, ended(100, 100)) }, "reduction 0.0 %"},
		{"nobody watches", func(on *tour) (string, error) { return watched(t.Context(), on, ended(100, 10)) }, "0 clients watch"},
	}
	for _, test := range tests {
		_, err := test.find(idle)
		if (err == nil) != (test.wants == "") || err != nil && !strings.Contains(err.Error(), test.wants) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.wants)
		}
	}
}

func TestNarratorTellsEachPartOnce(t *testing.T) {
	var n narrator
	began := []told{{Title: "Observe", Says: "Every poll passes."}}
	ended := []told{{Title: "Observe", Says: "Every poll passes.", Found: "10 polls in.", HasEnded: true}, {Title: "Advice", Says: "What it has learnt."}}
	for i, step := range []struct {
		told []told
		want string
	}{
		{nil, ""},
		{began, "1  OBSERVE\n\n   Every poll passes.\n\n"},
		{began, ""},
		{ended, "   10 polls in.\n\n2  ADVICE\n\n   What it has learnt.\n\n"},
		{ended, ""},
	} {
		if got := n.news(step.told); got != step.want {
			t.Errorf("step %d: got %q, want %q", i, got, step.want)
		}
	}
}

func TestLinesAreBrokenBetweenWordsAndRowsOfATableAreNot(t *testing.T) {
	words := strings.Repeat("word ", 30)
	for line := range strings.Lines(indented("  " + words)) {
		if len(line) > textWidth+1 || !strings.HasPrefix(line, "     word") {
			t.Errorf("got %q, want at most %d characters, set in by 5", line, textWidth)
		}
	}
	row := strings.Repeat("COLUMN     ", 12) + "END"
	if got := indented(row); got != "   "+row+"\n" {
		t.Errorf("got %q, want the row in one piece", got)
	}
}

func TestATourIsSummedUpByChapterAndByAuditLog(t *testing.T) {
	var b strings.Builder
	summary(&b, []told{{Title: "Push", Seconds: 18.4, totals: sum([]RouteTotals{{Polls: 700, Avoided: 99.6, Upstream: 200}})}})
	timeline(&b, []ladder.Entry{{Who: "tour", Route: "job", From: "observe 100%", To: "coalesce 1%", Why: "to begin with"}, {Who: "guard", From: "running", To: "killed"}})
	for _, want := range []string{
		"CHAPTER             SECONDS  POLLS IN  AVOIDED CALLS OUT REDUCTION\n",
		"1 Push                   18       700      100       200    75.0 %  ████████████░░░░\n",
		"  job    observe 100% → coalesce 1%  tour   to begin with\n",
		"  (all)  running → killed            guard",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got no %q in\n%s", want, &b)
		}
	}
}

func TestEverybodyHasSeveralSessionsOnATourAsFarAsThereAreTabs(t *testing.T) {
	all := len(legacy.People()) * sessionsOf
	for viewers, want := range map[int]int{300: all, 60: 20, 1: 1} {
		if got := len((&theatre{options: Options{Tour: true, Viewers: viewers}}).people()); got != want {
			t.Errorf("%d viewers: got %d sessions, want %d", viewers, got, want)
		}
	}
}
