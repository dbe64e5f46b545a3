package main

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo"
	"github.com/pollard-proxy/pollard/test/redistest"
)

// The demo judges itself: Run fails if a viewer, pushed to or not, is given something of another's or is stopped by an error, or if the two
// counts of upstream requests differ.
func TestDemoPushesToViewersOfEveryKindAndItsCountsAgree(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := demo.Run(t.Context(), demo.Options{Viewers: 120, Duration: 5 * time.Second, Seed: 1, Out: &out, Start: (&demoFleet{instances: 1}).start})
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
	err := demo.Run(t.Context(), demo.Options{Viewers: 60, Duration: 6 * time.Second, Seed: 1, JSON: true, Out: &out, Start: (&demoFleet{instances: 1}).start})
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

// Run compares the sum of what the instances say with what the application has received.
func TestADemoOfAFleetAddsUpWhatItsInstancesCount(t *testing.T) {
	for name, redis := range map[string]func(*testing.T) string{
		"in memory": func(*testing.T) string { return "" },
		"by Redis":  func(t *testing.T) string { return "redis://" + redistest.Start(t).Addr },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fleet := demoFleet{instances: 3, redis: redis(t)}
			err := demo.Run(t.Context(), demo.Options{Viewers: 60, Duration: 5 * time.Second, Seed: 1, JSON: true, Out: io.Discard, Start: fleet.start})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
