package actioncable_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// place is where a document was in its stream.
type place struct {
	StreamID string `json:"stream_id"`
	Epoch    string
	Offset   uint64
}

// wantAt expects a document, and returns its place.
func (c *client) wantAt(path, body string) place {
	c.t.Helper()
	got := c.next()
	var p place
	if err := json.Unmarshal([]byte(got), &p); err != nil || p.Epoch == "" || p.Offset == 0 {
		c.t.Fatalf("got %s, %v; want a place", got, err)
	}
	want := fmt.Sprintf(`{"identifier":%s,"message":%s,"stream_id":%q,"epoch":%q,"offset":%d}`, quoted(path), document(body), p.StreamID, p.Epoch, p.Offset)
	if got != want {
		c.t.Errorf("got  %s\nwant %s", got, want)
	}
	return p
}

// resume subscribes and says where the client was.
func (c *client) resume(path string, at place) {
	c.t.Helper()
	c.say(`{"command":"subscribe","identifier":%s,"history":{"since":1,"streams":{%q:{"epoch":%q,"offset":%d}}}}`,
		quoted(path), at.StreamID, at.Epoch, at.Offset)
	c.want(about(path, "confirm_subscription"))
}

// watched plays a scene in which somebody else watches too, so that the feed's
// epoch goes on when the client comes back.
func watched(t *testing.T, script func(s *scene, c *client, at place)) {
	t.Helper()
	play(t, settings{}, func(s *scene) {
		other := s.connect("ann", extended)
		other.subscribe("/a")
		c := s.connect("ann", extended)
		c.subscribe("/a")
		c.want(about("/a", "confirm_subscription"))
		script(s, c, c.wantAt("/a", `{"a":0}`))
		c.close()
		other.close()
	})
}

func TestStatesOfAStreamAreCounted(t *testing.T) {
	watched(t, func(s *scene, c *client, first place) {
		s.up.set("/a", `{"a":1}`)
		second := c.wantAt("/a", `{"a":1}`)
		if second.StreamID != first.StreamID || second.Epoch != first.Epoch || second.Offset != first.Offset+1 {
			t.Errorf("after %+v comes %+v", first, second)
		}
	})
}

func TestWhoComesBackWithTheCurrentStateIsToldNoMore(t *testing.T) {
	watched(t, func(s *scene, _ *client, at place) {
		c := s.connect("ann", extended)
		c.resume("/a", at)
		c.want(about("/a", "confirm_history"))
		c.wantNothing(10 * interval)
		s.up.set("/a", `{"a":1}`)
		c.wantAt("/a", `{"a":1}`)
		c.close()
	})
}

func TestWhoComesBackLateIsToldTheNewestState(t *testing.T) {
	watched(t, func(s *scene, first *client, at place) {
		for i := 1; i <= 3; i++ {
			s.up.set("/a", fmt.Sprintf(`{"a":%d}`, i))
			first.wantAt("/a", fmt.Sprintf(`{"a":%d}`, i))
		}
		c := s.connect("ann", extended)
		c.resume("/a", at)
		c.wantAt("/a", `{"a":3}`)
		c.want(about("/a", "confirm_history"))
		c.wantNothing(10 * interval)
		c.close()
	})
}

func TestAGapThatCannotBeClosedIsTold(t *testing.T) {
	watched(t, func(s *scene, _ *client, at place) {
		tests := map[string]place{
			"of another life of the feed": {at.StreamID, "another", at.Offset},
			"of the future":               {at.StreamID, at.Epoch, at.Offset + 1},
			"of another stream":           {"/b", at.Epoch, at.Offset},
		}
		for name, was := range tests {
			c := s.connect("ann", extended)
			c.resume("/a", was)
			if got, want := c.next(), about("/a", "reject_history"); got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
			c.wantAt("/a", `{"a":0}`)
			c.wantNothing(10 * interval)
			c.close()
		}
	})
}

func TestAnothersPlaceIsNobodyElses(t *testing.T) {
	watched(t, func(s *scene, _ *client, at place) {
		time.Sleep(time.Second)
		bob := s.connect("bob", extended)
		bob.resume("/a", at)
		bob.want(about("/a", "reject_history"))
		bob.wantAt("/a", `{"a":0}`)
		bob.close()
	})
}

func TestHistorySinceATimeIsTheNewestState(t *testing.T) {
	watched(t, func(s *scene, _ *client, at place) {
		c := s.connect("ann", extended)
		c.say(`{"command":"subscribe","identifier":%s,"history":{"since":1760000000,"streams":{}}}`, quoted("/a"))
		c.want(about("/a", "confirm_subscription"))
		c.wantAt("/a", `{"a":0}`)
		c.want(about("/a", "confirm_history"))
		c.wantNothing(interval)
		c.close()
	})
}

func TestHistoryCanBeAskedForLater(t *testing.T) {
	watched(t, func(s *scene, c *client, at place) {
		ask := func(epoch string, offset uint64) {
			c.say(`{"command":"history","identifier":%s,"history":{"since":1,"streams":{%q:{"epoch":%q,"offset":%d}}}}`, quoted("/a"), at.StreamID, epoch, offset)
		}
		ask(at.Epoch, at.Offset)
		c.want(about("/a", "confirm_history"))
		ask(at.Epoch, at.Offset-1) // it was told of the newest meanwhile
		c.want(about("/a", "confirm_history"))
		ask("another", 1)
		c.want(about("/a", "reject_history"))
		c.wantAt("/a", `{"a":0}`)
		c.say(`{"command":"history","identifier":%s,"history":"nonsense"}`, quoted("/a"))
		c.want(about("/a", "reject_history"))
		c.wantAt("/a", `{"a":0}`)
		s.up.set("/a", `{"a":1}`)
		c.wantAt("/a", `{"a":1}`)
		c.say(`{"command":"history","identifier":%s,"history":{}}`, quoted("/never"))
		c.wantNothing(interval)
	})
}

func TestASecondSubscribeMayAskForHistory(t *testing.T) {
	watched(t, func(s *scene, c *client, at place) {
		c.resume("/a", at)
		c.want(about("/a", "confirm_history"))
		c.wantNothing(interval)
	})
}

func TestSessionsAreNotRestored(t *testing.T) {
	watched(t, func(s *scene, _ *client, _ place) {
		c := s.connectWith(http.Header{"Cookie": {"bob"}, "X-Anycable-Restore-Sid": {"ann's"}}, extended)
		c.wantNothing(10 * interval) // until it subscribes for itself
		c.close()
	})
}
