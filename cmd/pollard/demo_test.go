package main

import (
	"bytes"
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo"
)

// The demo judges itself: Run fails if a viewer, pushed to or not, is given something of another's or is stopped by an error, or if the two
// counts of upstream requests differ.
func TestDemoPushesToViewersOfEveryKindAndItsCountsAgree(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := demo.Run(t.Context(), demo.Options{Viewers: 120, Duration: 5 * time.Second, Seed: 1, Out: &out, Start: startDemo})
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`states pushed: [1-9]`).Match(out.Bytes()) {
		t.Errorf("nothing was pushed in\n%s", &out)
	}
}

func TestDemoShowsFewerCallsThanPollsOnEveryRoute(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := demo.Run(t.Context(), demo.Options{Viewers: 60, Duration: 6 * time.Second, Seed: 1, JSON: true, Out: &out, Start: startDemo})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Routes []demo.RouteTotals }
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, r := range got.Routes {
		if r.Stage != "push" || r.Upstream > r.Polls || r.Reduction == nil || *r.Reduction <= 0 {
			t.Errorf("got %+v, want fewer calls than polls at stage push", r)
		}
	}
}
