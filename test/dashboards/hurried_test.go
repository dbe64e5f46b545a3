package dashboards

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// quarter is as long as the windows of minutes are to look back; those of hours and
// days look back twice as long. Rates need several scrapes, of which there is one a second.
var quarter = flag.Duration("quarter", 6*time.Second, "how far the alerts look back that look back a quarter of an hour")

// hurried returns a folder of the rules, whose alerts wait a second and look back seconds.
// Otherwise they are what they are.
func hurried(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, file := range files(t, rulesFolder, "*.yml") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(file)), []byte(hurry(string(content), *quarter)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// What is shortened.
var (
	patiences = regexp.MustCompile(`(?m)^( +for:) \w+$`)
	windows   = regexp.MustCompile(`(\[|:|offset )(\d+[a-z][0-9a-z]*)`)
	ofSteps   = regexp.MustCompile(`\b300 \* `) // the seconds of a step of five minutes
)

// hurry shortens the durations of rules. What lacks a second goes on lacking it.
func hurry(rules string, quarter time.Duration) string {
	minutes, hours := quarter.Seconds(), 2*quarter.Seconds()
	rules = patiences.ReplaceAllString(rules, "$1 1s")
	rules = ofSteps.ReplaceAllString(rules, fmt.Sprintf("%.0f * ", minutes))
	return windows.ReplaceAllStringFunc(rules, func(found string) string {
		parts := windows.FindStringSubmatch(found)
		seconds := hours
		switch {
		case strings.HasSuffix(parts[2], "59s"):
			seconds = hours - 1
		case strings.HasSuffix(parts[2], "m"):
			seconds = minutes
		}
		return fmt.Sprintf("%s%.0fs", parts[1], seconds)
	})
}

func TestHurriedRulesAreTheSameButForTheirDurations(t *testing.T) {
	for rule, want := range map[string]string{
		"        for: 5m":                          "        for: 1s",
		"300 * sum_over_time(x:rate5m[59m59s:5m])": "8 * sum_over_time(x:rate5m[15s:8s])",
		"sum_over_time(x[23h59m59s:15m])":          "sum_over_time(x[15s:8s])",
		"x:ratio24h offset 1h - x:ratio15m > 0.2":  "x:ratio24h offset 16s - x:ratio15m > 0.2",
		"changes(stage[1d]) > 0 and delta(y[15m])": "changes(stage[16s]) > 0 and delta(y[8s])",
		"predict_linear(z[1h], 4 * 3600) > 1":      "predict_linear(z[16s], 4 * 3600) > 1",
	} {
		if got := hurry(rule, 8*time.Second); got != want {
			t.Errorf("%s: got %s, want %s", rule, got, want)
		}
	}
}

// patience is how long an alert may take on a busy machine, to fire or to be over.
func patience() time.Duration { return time.Minute + 6**quarter }

// over waits until no alert fires whose name matches.
func over(t *testing.T, prometheus, names string) {
	t.Helper()
	firing := fmt.Sprintf(`ALERTS{alertname=~%q, alertstate="firing"}`, names)
	err := program.Until(patience(), func() error {
		n, err := series(prometheus, firing)
		if err == nil && n > 0 {
			err = fmt.Errorf("%d alerts fire whose cause is gone: %s", n, firing)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// fire waits until each of some alerts has fired.
func fire(t *testing.T, prometheus string, alerts ...string) {
	t.Helper()
	for _, name := range alerts {
		expr := fmt.Sprintf(`last_over_time(ALERTS{alertname=%q, alertstate="firing"}[5m])`, name)
		if err := program.Until(patience(), func() error { return there(prometheus, expr) }); err != nil {
			t.Fatal(err)
		}
	}
}
