package report

import (
	"slices"
	"testing"
	"time"
)

func TestChartsHaveFewTimesBelow(t *testing.T) {
	from := time.Date(2026, 11, 19, 18, 10, 0, 0, time.UTC)
	for span, want := range map[time.Duration][]string{
		30 * time.Minute: {"18:15", "18:30"},
		2 * time.Hour:    {"19:00", "20:00"},
		day:              {"20 Nov", "06:00", "12:00", "18:00"},
		5 * day:          {"20 Nov", "21 Nov", "22 Nov", "23 Nov", "24 Nov"},
	} {
		var got []string
		for _, tick := range ticks(from, from.Add(span)) {
			got = append(got, tick.Label)
			if tick.Right < 0 || tick.Right > 100 {
				t.Errorf("%v: %s is at %v %%, which is not below the chart", span, tick.Label, tick.Right)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: got %v, want %v", span, got, want)
		}
	}
	if n := len(ticks(from, from.Add(mostPoints*Quarter))); n < 2 || n > mostTicks {
		t.Errorf("got %d times of the longest report, want 2 to %d", n, mostTicks)
	}
}
