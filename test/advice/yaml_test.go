// Package advice_test holds what is advised against the configuration that it is
// to be pasted into.
package advice_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/config"
	"github.com/pollard-proxy/pollard/rollout/advice"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// paths are polled in front of a legacy application, and beside it.
var paths = []string{
	"/acme/shop/-/issues/%d/realtime_changes",
	"/import/github/realtime_changes.json",
	"/api/v4/jobs/%d.json",
	"/caf%%C3%%A9/%d/statut",
	"/%d",
	"/q'uo\"te/#%d/{id}/x",
	"/UPPER.case-%d/a b/status",
	"/" + "long/long/long/long/long/long/long/long/long/long/long/long/long/long/%d/state",
}

func TestWhatIsAdvisedCanBePasted(t *testing.T) {
	o := observe.New(observe.Options{Memory: 1 << 20})
	start := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for i := range 200 {
		for j, path := range paths {
			for document := range 10 {
				if strings.Contains(path, "%d") {
					path = fmt.Sprintf(path, document)
				}
				o.Saw(&observe.Sighting{
					Time: start.Add(time.Duration(i) * time.Duration(j+1) * 700 * time.Millisecond), Path: path, Who: uint64(document), Status: 200, Body: uint64(i),
				})
			}
		}
	}
	var file strings.Builder
	file.WriteString("upstream: http://127.0.0.1:3000\nroutes:\n")
	all := advice.All(o.Evidence(start.Add(time.Minute)))
	for _, a := range all {
		file.WriteString(advice.YAML(a))
	}
	c, err := config.Parse("pasted.yml", []byte(file.String()), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatalf("%v, in\n%s", err, file.String())
	}
	if len(c.Routes) != len(all) || len(all) < len(paths)-2 {
		t.Errorf("got %d routes of %d, want all, and %d at least:\n%s", len(c.Routes), len(all), len(paths)-2, file.String())
	}
	for i, r := range c.Routes {
		if r.Share != config.ShareNothing && r.Share != config.ShareChanges {
			t.Errorf("route %s: got share %v, want nothing or changes", all[i].Route, r.Share)
		}
	}
}
