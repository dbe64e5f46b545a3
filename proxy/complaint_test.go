package proxy

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// TestUpstreamThatHangsIsSaidOnceAndThenCounted: each poll that fails has its access line, and
// that is enough.
func TestUpstreamThatHangsIsSaidOnceAndThenCounted(t *testing.T) {
	play(t, raw(t, ""), func(r *rig) {
		for range 1500 {
			if resp := r.get("/d"); resp.StatusCode != http.StatusBadGateway {
				t.Fatalf("answered %s, want 502", resp.Status)
			}
		}
		if got := strings.Count(r.log.String(), `"msg":"upstream failed"`); got != 1 {
			t.Errorf("%d lines of a failing upstream at once, want 1", got)
		}
		time.Sleep(complaintInterval)
		synctest.Wait()
		if got := strings.Count(r.log.String(), `"times":1499`); got != 1 {
			t.Errorf("%d lines that count the other 1499, want 1", got)
		}
		if got := strings.Count(r.log.String(), `"msg":"upstream failed"`); got != 2 {
			t.Errorf("%d lines of a failing upstream in all, want 2", got)
		}
	}, polled("/*"))
}

func TestComplaintsAreMadeAtOnceAgainAfterAnIntervalWithout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log program.Transcript
		c := newComplaints(slog.New(slog.NewJSONHandler(&log, nil)))
		fail := func(reason string, times int) {
			for range times {
				c.make(reason, failure{"GET", "/d", errors.New("it hangs")})
			}
		}
		steps := []struct {
			timeouts, garbage int
			after             time.Duration
			want              []string // reason and times of the lines since the last step
		}{
			{timeouts: 3, garbage: 1, want: []string{"timeout 0", "garbage 0"}},
			{after: complaintInterval, want: []string{"timeout 2"}},
			{timeouts: 1},
			{after: complaintInterval, want: []string{"timeout 1"}},
			{after: complaintInterval},
			{timeouts: 2, want: []string{"timeout 0"}},
		}
		for i, step := range steps {
			fail("timeout", step.timeouts)
			fail("garbage", step.garbage)
			time.Sleep(step.after)
			synctest.Wait()
			if got := told(t, &log); !slices.Equal(got, step.want) {
				t.Errorf("step %d: got %q, want %q", i, got, step.want)
			}
		}
		c.close()
		c.close()
		if got, want := told(t, &log), []string{"timeout 1"}; !slices.Equal(got, want) {
			t.Errorf("at the end: got %q, want what is left, %q", got, want)
		}
	})
}

// told returns the reason and the number of failures of each line, and forgets them.
func told(t *testing.T, log *program.Transcript) (lines []string) {
	t.Helper()
	for text := range strings.Lines(log.String()) {
		var line struct {
			Reason string      `json:"reason"`
			Times  json.Number `json:"times"`
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line.Times == "" {
			line.Times = "0"
		}
		lines = append(lines, line.Reason+" "+line.Times.String())
	}
	log.Reset()
	return lines
}
