package capacity

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestPlansFollowTheLoad(t *testing.T) {
	load := Load{Pages: 52_500, Interval: 5 * time.Second, Documents: 1000, Body: 1000, PerPod: 10_000}
	tests := []struct {
		share    string
		upstream float64
	}{
		{"nothing", 52_500 / 5.125},
		{"changes", 1000/5.125 + 1000},
		{"verified", 1000/5.125 + 1000},
		{"everything", 1000 / 5.125},
	}
	for _, test := range tests {
		load.Share = test.share
		p, err := For(load)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Estimate.Upstream; math.Abs(got-test.upstream) > 1e-6*test.upstream {
			t.Errorf("share %s: got %v upstream, want %v", test.share, got, test.upstream)
		}
		if e := p.Estimate; e.Connections != 52_500 || e.Pods != 7 || e.Polling != 10_500 {
			t.Errorf("share %s: got %+v, want 52,500 connections on 6 pods and one more, instead of 10,500 polls", test.share, e)
		}
	}
}

// https://docs.gitlab.com: pods = (n * 4200) / peak_active_connections.
func TestGitLabsRuleStandsBeside(t *testing.T) {
	p, err := For(Load{Polls: 50, Interval: 5 * time.Second, Share: "nothing", PerPod: 3000})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.GitLab; got != (Figures{Connections: 210_000, Pods: 70}) {
		t.Errorf("got %+v, want 210,000 connections on 70 pods and nothing else", got)
	}
}

func TestThereAreNoMoreDocumentsThanPages(t *testing.T) {
	few, err := For(Load{Pages: 10, Documents: 1000, Interval: time.Second, Share: "everything", PerPod: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := few.Estimate.Upstream, 10/1.025; math.Abs(got-want) > 1e-9 {
		t.Errorf("got %v upstream, want %v", got, want)
	}
}

func TestALoadThatMeansNothingIsRefused(t *testing.T) {
	good := Load{Polls: 1, Interval: time.Second, Share: "nothing", PerPod: 1}
	for name, spoil := range map[string]func(*Load){
		"nothing comes":  func(l *Load) { l.Polls = 0 },
		"negative":       func(l *Load) { l.Documents = -1 },
		"not a number":   func(l *Load) { l.Pages = math.NaN() },
		"infinite":       func(l *Load) { l.Polls = math.Inf(1) },
		"no interval":    func(l *Load) { l.Interval = 0 },
		"no room":        func(l *Load) { l.PerPod = 0 },
		"unheard of":     func(l *Load) { l.Share = "all" },
		"bodies missing": func(l *Load) { l.Body = -5 },
	} {
		l := good
		spoil(&l)
		if p, err := For(l); err == nil {
			t.Errorf("%s: got %+v, want an error", name, p)
		}
	}
	if _, err := For(good); err != nil {
		t.Error(err)
	}
}

func TestReadingsMakeALoad(t *testing.T) {
	var l Load
	before := map[string]Reading{"issues": {Polls: 100, Interval: 3 * time.Second}, "notes": {Interval: 6 * time.Second}}
	after := map[string]Reading{"issues": {Polls: 200, Interval: 3 * time.Second, Watchers: 30}, "notes": {Polls: 10, Interval: 6 * time.Second}}
	if err := l.Measured(before, after, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	if l.Pages != 66 || l.Polls != 21 || l.Interval.Round(time.Millisecond) != 3143*time.Millisecond {
		t.Errorf("got %+v, want 30 pages that poll each 3 s, 30 that watch, and 6 each 6 s", l)
	}
	if err := l.Measured(after, before, 10*time.Second); err == nil || !strings.Contains(err.Error(), "restarted") {
		t.Errorf("counters that fell: got %v, want an error", err)
	}
	if err := l.Measured(before, before, 10*time.Second); err == nil {
		t.Error("without traffic: got no error")
	}
}

// Figures that are said to be measured are those of the document.
func TestWhatIsMeasuredIsOfTheMeasurements(t *testing.T) {
	content, err := os.ReadFile("../../../docs/measurements.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, figure := range map[string]struct {
		row   string
		value float64
	}{
		"µs of a core for a hit": {`304 +\| pollard +\| ([0-9.]+)`, hitSeconds * 1e6},
		"KB a watcher":           {`server-sent events \| pollard, share nothing +\| [0-9.]+ +\| ([0-9.]+)`, watcherBytes / 1e3},
		"MB without any":         {`server-sent events \| pollard, share nothing +\|(?: [0-9.]+ +\|){3} ([0-9.]+)`, emptyBytes / 1e6},
	} {
		found := regexp.MustCompile(`(?m)^\| ` + figure.row).FindSubmatch(content)
		if found == nil {
			t.Errorf("%s: docs/measurements.md has no such row", name)
			continue
		}
		measured, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil || math.Abs(measured-figure.value) > 0.05*measured {
			t.Errorf("%s: got %v (%v) in docs/measurements.md, want the %.1f that plans are made with", name, measured, err, figure.value)
		}
	}
}

func TestAPlanSaysWhatItRestsOn(t *testing.T) {
	p, err := For(Load{Polls: 500, Interval: 3 * time.Second, Share: "changes", Documents: 300, Body: 2000, PerPod: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Print(&b, p); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"GITLAB'S RULE", "measured:", "modelled:", "assumed:", fmt.Sprint(4200), "1500 open pages"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got no %q in\n%s", want, &b)
		}
	}
}
