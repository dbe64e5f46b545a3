package ledger_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pollard-proxy/pollard/ledger"
)

func TestAHostileClientCannotCreateSeriesWithoutEnd(t *testing.T) {
	reg := prometheus.NewRegistry()
	r := ledger.New(reg).Route("issues")
	r.Bypass("header:X-Last-Fetched-At")
	for i := range 10_000 {
		r.Bypass(fmt.Sprintf("header:X-Hostile-%d", i))
	}
	r.Bypass("header:X-Last-Fetched-At")
	r.Bypass("range")

	bypass := r.Totals().Bypass
	if got := len(bypass); got != 48+2 {
		t.Errorf("got %d reasons, want 48 fields, header:other and range", got)
	}
	if got := bypass["header:other"]; got != 10_000-47 {
		t.Errorf("header:other: got %d, want %d", got, 10_000-47)
	}
	if got := bypass["header:X-Last-Fetched-At"]; got != 2 {
		t.Errorf("a field seen before the flood: got %d, want 2", got)
	}
	if got := bypass["range"]; got != 1 {
		t.Errorf("a fixed reason after the flood: got %d, want 1", got)
	}
	if got := len(scrape(t, reg)); got > 1000 {
		t.Errorf("got %d series, want a bounded number", got)
	}
}

func TestRoutesHaveTheirOwnBoundOnFields(t *testing.T) {
	l := ledger.New(prometheus.NewRegistry())
	for i := range 100 {
		l.Route("attacked").Bypass(fmt.Sprintf("header:X-%d", i))
	}
	l.Route("issues").Bypass("header:X-Mine")
	if got := l.Route("issues").Totals().Bypass["header:X-Mine"]; got != 1 {
		t.Errorf("got %d, want 1: another route's clients hid it", got)
	}
}

func TestFieldsThatCannotBeLabelsAreCountedAsOther(t *testing.T) {
	r := ledger.New(prometheus.NewRegistry()).Route("issues")
	reasons := []string{
		"header:", "header:a b", "header:\xff", "header:a\n", "header:é", "header:a:b",
		"header:" + strings.Repeat("a", 65), "header:other",
	}
	for _, reason := range reasons {
		r.Bypass(reason)
	}
	r.Bypass("header:" + strings.Repeat("a", 64))
	want := map[string]uint64{
		"header:other":                      uint64(len(reasons)),
		"header:" + strings.Repeat("a", 64): 1,
	}
	if got := r.Totals().Bypass; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
