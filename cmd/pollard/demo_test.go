package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/url"
	"regexp"
	"slices"
	"sync"
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
	err := runUntil(t, demo.Options{Viewers: 120, Seed: 1, Out: &out, Start: (&demoFleet{instances: 1}).start}, func(all []demo.RouteTotals) bool {
		avoided := 0.
		for _, r := range all {
			avoided += r.Avoided
		}
		return avoided > 30 // 150 seconds of watching, while documents change all the time
	})
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
	o := demo.Options{Viewers: 60, Seed: 1, JSON: true, Out: &out, Start: (&demoFleet{instances: 1}).start}
	err := runUntil(t, o, func(all []demo.RouteTotals) bool {
		return !slices.ContainsFunc(all, func(r demo.RouteTotals) bool { return r.Reduction == nil || *r.Reduction < 0.2 })
	})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Routes []demo.RouteTotals }
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, r := range got.Routes {
		if r.Stage != "push" || r.Reduction == nil || *r.Reduction <= 0 {
			t.Errorf("got %+v, want fewer calls than polls at stage push", r)
		}
	}
}

// runUntil is demo.Run until what the routes have counted is enough, or is not within two minutes.
func runUntil(t *testing.T, o demo.Options, enough func([]demo.RouteTotals) bool) error {
	t.Helper()
	shown, end := context.WithTimeout(t.Context(), 2*time.Minute)
	var looking sync.WaitGroup
	defer func() {
		end()
		looking.Wait()
	}()
	start := o.Start
	o.Start = func(ctx context.Context, upstream *url.URL, routes []demo.Route) (demo.Proxy, error) {
		proxy, err := start(ctx, upstream, routes)
		if err != nil {
			return proxy, err
		}
		looking.Go(func() {
			defer end()
			for shown.Err() == nil && !enough(proxy.Routes()) {
				select {
				case <-time.After(50 * time.Millisecond): // counters have no signal
				case <-shown.Done():
				}
			}
		})
		return proxy, nil
	}
	return demo.Run(shown, o)
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
