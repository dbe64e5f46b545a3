package coalescer_test

import (
	"testing"
	"time"
)

func TestTheIntervalIsPollIntervalElseTheRoutes(t *testing.T) {
	for _, tt := range []struct {
		name         string
		pollInterval []string
		want         time.Duration
	}{
		{"as upstream says", []string{"Poll-Interval: 10000"}, 10 * time.Second},
		{"in milliseconds", []string{"Poll-Interval: 1500"}, 1500 * time.Millisecond},
		{"not below the minimum", []string{"Poll-Interval: 2"}, time.Second},
		{"not above the maximum", []string{"Poll-Interval: 3600000"}, time.Minute},
		{"not above what fits", []string{"Poll-Interval: 4294967295"}, time.Minute},
		{"none", nil, 3 * time.Second},
		{"empty", []string{"Poll-Interval:"}, 3 * time.Second},
		{"zero", []string{"Poll-Interval: 0"}, 3 * time.Second},
		{"switched off", []string{"Poll-Interval: -1"}, 3 * time.Second},
		{"a word", []string{"Poll-Interval: soon"}, 3 * time.Second},
		{"a fraction", []string{"Poll-Interval: 1.5"}, 3 * time.Second},
		{"a unit", []string{"Poll-Interval: 10s"}, 3 * time.Second},
		{"more than can be", []string{"Poll-Interval: 99999999999999999999"}, 3 * time.Second},
		{"twice: the first", []string{"Poll-Interval: 10000", "Poll-Interval: 20000"}, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, usual(), func(s *scene) {
				s.up.says(page(`"v1"`, "one", tt.pollInterval...))
				s.get("alice", "/doc")
				s.wait(tt.want - time.Nanosecond)
				s.want(s.get("alice", "/doc"), "200 hit one")
				s.wait(time.Nanosecond)
				s.want(s.get("alice", "/doc"), "200 fetched one")
			})
		})
	}
}

func TestThePollIntervalOfA304CountsFromThenOn(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one", "Poll-Interval: 5000"))
		s.get("alice", "/doc")
		s.wait(5 * time.Second)
		s.up.says(unchanged("Poll-Interval: 10000"))
		got := s.get("alice", "/doc", `If-None-Match: "v1"`)
		s.want(got, "304 revalidated")
		if v := got.header.Get("Poll-Interval"); v != "10000" {
			t.Errorf("Poll-Interval %q, want 10000", v)
		}
		s.wait(10*time.Second - time.Nanosecond)
		s.want(s.get("alice", "/doc", `If-None-Match: "v1"`), "304 hit")
	})
}

func TestA304WithoutPollIntervalKeepsTheStoredOne(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`W/"v1"`, "one", "Poll-Interval: 10000"))
		s.get("alice", "/doc")
		s.wait(10 * time.Second)
		s.up.says(unchanged(`ETag: W/"v1"`, "X-Gitlab-From-Cache: true"))
		got := s.get("alice", "/doc", `If-None-Match: W/"v1"`)
		s.want(got, "304 revalidated")
		if v := got.header.Get("Poll-Interval"); v != "10000" {
			t.Errorf("Poll-Interval %q, want 10000: without it pages stop polling", v)
		}
		s.wait(10*time.Second - time.Nanosecond)
		s.want(s.get("alice", "/doc", `If-None-Match: W/"v1"`), "304 hit")
	})
}

func TestPollInterval1SendsEachPollUpstreamAtOnce(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "more", "Poll-Interval: 1"))
		for range 3 {
			s.want(s.get("alice", "/notes"), "200 fetched more")
		}
		s.up.wantSaw("poll alice /notes", "poll alice /notes", "poll alice /notes")
		s.up.says(page(`"v2"`, "last", "Poll-Interval: 6000"))
		s.want(s.get("alice", "/notes"), "200 fetched last")
		s.want(s.get("alice", "/notes"), "200 hit last")
	})
}

func TestPollInterval1EndsWhatWasFresh(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/notes")
		s.up.says(page(`"v2"`, "two", "Poll-Interval: 1"))
		s.want(s.get("alice", "/notes", `If-None-Match: "elsewhere"`), "200 fetched two")
		s.want(s.get("alice", "/notes"), "200 fetched two") // never one again
	})
}
