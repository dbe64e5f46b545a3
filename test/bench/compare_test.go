//go:build linux

package main

import (
	"slices"
	"strings"
	"testing"
)

func TestReportReplacesWhatIsBetweenItsMarkers(t *testing.T) {
	begin, end := reportBegin(partWorkload), reportEnd(partWorkload)
	other := reportBegin(partBench) + "other\n" + reportEnd(partBench) + "\n"
	document := "# Figures\n\n" + other + begin + "old\n" + end + "\n\n## More\n"
	got, err := replaceReport(document, partWorkload, "new\n")
	want := "# Figures\n\n" + other + begin + "\nnew\n\n" + end + "\n\n## More\n"
	if err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if again, err := replaceReport(got, partWorkload, "new\n"); err != nil || again != got {
		t.Errorf("a second time: got %q, %v, want no change", again, err)
	}
}

func TestReportNeedsBothMarkers(t *testing.T) {
	begin, end := reportBegin(partBench), reportEnd(partBench)
	for _, document := range []string{"", begin, end, end + begin, reportBegin(partWorkload) + reportEnd(partWorkload)} {
		if got, err := replaceReport(document, partBench, "new"); err == nil {
			t.Errorf("replaceReport(%q): got %q, want an error", document, got)
		}
	}
}

func TestTablePadsItsColumns(t *testing.T) {
	got := table{{"", "× nginx"}, {"304", "1"}}.String()
	want := "|     | × nginx |\n|-----|---------|\n| 304 | 1       |\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestSpreadTakesTheMedian(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   spread
	}{
		{[]float64{7}, spread{7, 7, 7}},
		{[]float64{9, 1, 4}, spread{1, 4, 9}},
		{[]float64{9, 1, 4, 6}, spread{1, 5, 9}},
	} {
		if got := spreadOf(tt.values); got != tt.want {
			t.Errorf("spreadOf(%v): got %v, want %v", tt.values, got, tt.want)
		}
	}
}

func TestCoresAreReadFromTheKernelsList(t *testing.T) {
	for list, want := range map[string][]int{"0": {0}, "0-1": {0, 1}, "2,5-7": {2, 5, 6, 7}} {
		if got, err := parseCores(list); err != nil || !slices.Equal(got, want) {
			t.Errorf("parseCores(%q): got %v, %v, want %v", list, got, err, want)
		}
	}
	if got, err := parseCores("0-x"); err == nil {
		t.Errorf(`parseCores("0-x"): got %v, want an error`, got)
	}
}

func TestOptionsRefuseAReportOfPartOfARun(t *testing.T) {
	for _, args := range []string{"-write -run hits", "-write -quick", "-write -rounds 2", "-run nothing", "-without everything", "-rounds 0", "-watchers 0"} {
		if _, err := parseOptions(strings.Fields(args)); err == nil {
			t.Errorf("%s: got no error", args)
		}
	}
	for _, args := range [][]string{{"-write"}, {"-write", "-run", "workload"}} {
		if _, err := parseOptions(args); err != nil {
			t.Errorf("%v: got %v", args, err)
		}
	}
}

func TestMeasurementOfSomethingElseIsRefused(t *testing.T) {
	all := func(status int) result { return result{Requests: 1000, Statuses: map[int]int{status: 1000}} }
	for _, tt := range []struct {
		name string
		hit  bool
		heat heat
		ok   bool
	}{
		{"hits", true, heat{all(200), 1}, true},
		{"an error page", true, heat{all(502), 0}, false},
		{"hits that went upstream", true, heat{all(200), 1000}, false},
		{"passed through", false, heat{all(200), 1100}, true},
		{"passed through, some from a cache", false, heat{all(200), 900}, false},
	} {
		err := contestCase{status: 200, hit: tt.hit}.check(tt.heat)
		if (err == nil) != tt.ok {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
}
