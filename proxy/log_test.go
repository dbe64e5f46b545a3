package proxy

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestAccessLinesSpeakTheWordsOfTheMetrics and hold neither a credential nor a
// query.
func TestAccessLinesSpeakTheWordsOfTheMetrics(t *testing.T) {
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		tests := []struct{ line, outcome, reason string }{
			{"Accept: a", "fetched", ""},
			{"Accept: a", "hit", ""},
			{"X-Unheard-Of: 1", "bypassed", "header:X-Unheard-Of"},
		}
		for _, test := range tests {
			r.get("/d?token=hush", "Cookie: hush", "Authorization: hush", test.line)
			if strings.Contains(r.log.String(), "hush") {
				t.Errorf("the log tells a credential: %s", r.log.String())
			}
			got := accessLine(t, r)
			for field, want := range map[string]any{
				"route": "polled", "stage": "coalesce", "outcome": test.outcome, "reason": test.reason,
				"method": "GET", "path": "/d", "status": 200., "level": "INFO",
			} {
				if got[field] != want {
					t.Errorf("%s: %s: got %v, want %v", test.line, field, got[field], want)
				}
			}
			fields := slices.Sorted(maps.Keys(got))
			if want := []string{"duration_ms", "level", "method", "msg", "outcome", "path", "reason", "route", "stage", "status", "time"}; !slices.Equal(fields, want) {
				t.Errorf("fields: got %q, want %q", fields, want)
			}
		}
		r.get("/on/no/route")
		r.get("POST /d")
		if r.log.String() != "" {
			t.Errorf("what is no poll has an access line: %s", r.log.String())
		}
	}, polled("/*"))
}

func TestOfSoManyPollsOneHasAnAccessLineAndEveryFailure(t *testing.T) {
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		r.LogPolls(true, 10)
		for range 30 {
			r.get("/d")
		}
		if got := strings.Count(r.log.String(), `"msg":"poll"`); got != 3 {
			t.Errorf("30 polls: got %d lines, want 3", got)
		}
	}, polled("/*"))
	play(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, func(r *rig) {
		r.LogPolls(true, 10)
		for range 5 {
			r.get("/d")
		}
		if got := strings.Count(r.log.String(), `"msg":"poll"`); got != 5 {
			t.Errorf("5 polls that upstream answers with 503: got %d lines, want 5", got)
		}
	}, polled("/*"))
}
