package proxy

import (
	"maps"
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
		if r.log.Len() > 0 {
			t.Errorf("what is no poll has an access line: %s", r.log.String())
		}
	}, polled("/*"))
}
