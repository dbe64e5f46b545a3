package coalescer_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// Under share: everything one client's bad credentials would otherwise take
// from all others what they share, as often as it likes.
func TestOneClientsRefusalTakesNothingFromTheOthers(t *testing.T) {
	play(t, sharing(coalescer.Everything), func(s *scene) {
		s.up.does(func(r *http.Request) reply {
			if r.Header.Get("Cookie") == "mallory" {
				return says(401)
			}
			return page(`"v1"`, "for all")
		})
		s.want(s.get("alice", "/doc"), "200 fetched for all")
		s.wait(3 * time.Second)
		s.want(s.get("mallory", "/doc"), "401 fetched Unauthorized")
		s.want(s.get("bob", "/doc", `If-None-Match: "v1"`), "304 fetched")
		s.want(s.get("alice", "/doc"), "200 hit for all")
	})
}
