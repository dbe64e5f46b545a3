package coalescer_test

import (
	"fmt"
	"testing"
	"time"
)

func TestTheLeaseIsProvenByUnconditionalCalls(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		r := s.read("alice", "/doc", "")
		s.up.saw()
		s.wait(30 * time.Minute)
		s.wantCalls("half an hour", map[string]int{"verify": 28}, map[string]int{"verify": 40, "watch": 600})
		r.leave()
	})
}

// A page that is polled all the time is 304 all the time.
func TestPollsDoNotProlongTheLease(t *testing.T) {
	play(t, watching(), func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one").answer)
		r := s.read("alice", "/doc", "")
		s.up.saw()
		for range 600 {
			s.wait(time.Second)
			s.get("alice", "/doc", `If-None-Match: "v1"`)
		}
		s.wantCalls("ten minutes", map[string]int{"verify": 9}, map[string]int{"verify": 14, "watch": 200, "poll": 200})
		r.leave()
	})
}

func TestLeasesEndApart(t *testing.T) {
	const lease = 20 * time.Minute
	policy := watching()
	policy.Lease, policy.Audit = lease, time.Hour
	play(t, policy, func(s *scene) {
		s.up.does(newSheet(`"v1"`, "one", "Poll-Interval: 30000").answer)
		var readers []*reader
		for i := range 100 {
			readers = append(readers, s.read(fmt.Sprint("user", i), "/doc", ""))
		}
		s.up.saw()
		s.wait(lease * 11 / 15)
		if n := byReason(s.up.saw())["verify"]; n != 0 {
			t.Errorf("%d proofs after three quarters of a lease, want none", n)
		}
		for part := range 4 {
			s.wait(lease / 15)
			if n := byReason(s.up.saw())["verify"]; n < 10 || n > 45 {
				t.Errorf("%d proofs in part %d of the last quarter, want them spread over it", n, part)
			}
		}
		for _, r := range readers {
			r.leave()
		}
	})
}
