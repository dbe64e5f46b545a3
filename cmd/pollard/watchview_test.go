package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/proxy/admin"
)

func TestWatchingTurnsTotalsIntoRates(t *testing.T) {
	var v watchView
	start := time.Unix(0, 0)
	look := func(second int, polls, upstream uint64) string {
		routes := []admin.Route{{Name: "issues", Polls: polls, Upstream: upstream}}
		v.saw(routes, start.Add(time.Duration(second)*time.Second))
		return v.table(routes)
	}
	if first := look(0, 1000, 100); !strings.Contains(first, " -  ") {
		t.Errorf("got rates of one look:\n%s", first)
	}
	look(1, 1040, 110)
	look(3, 1060, 110)
	look(4, 5, 2) // it has restarted
	look(4+1, 5, 2)
	if want := []float64{40, 10, 5, 0}; !slices.Equal(v.polls["issues"], want) {
		t.Errorf("got %v polls a second, want %v: none negative", v.polls["issues"], want)
	}
	if got := v.table([]admin.Route{{Name: "issues"}}); !strings.Contains(got, "█▂▁▁") {
		t.Errorf("got no sparkline in\n%s", got)
	}
	for i := range 100 {
		look(6+i, 5, 2)
	}
	if got := len(v.polls["issues"]); got != sparkWidth {
		t.Errorf("got a history of %d looks, want %d", got, sparkWidth)
	}
}

func TestRedrawingTakesThePlaceOfWhatWasThere(t *testing.T) {
	if got, want := redrawn("a\nb\n", 0), "\x1b[?7la\nb\n\x1b[?7h"; got != want {
		t.Errorf("at first: got %q, want %q", got, want)
	}
	if got, want := redrawn("a\nb\n", 2), "\x1b[2A\x1b[J\x1b[?7la\nb\n\x1b[?7h"; got != want {
		t.Errorf("then: got %q, want %q", got, want)
	}
}

func TestSparklinesAreAsHighAsTheirHighest(t *testing.T) {
	if got := sparkline([]float64{0, 50, 100}) + sparkline([]float64{0, 0}) + sparkline(nil); got != "▁▄█▁▁" {
		t.Errorf("got %s", got)
	}
}
