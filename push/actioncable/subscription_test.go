package actioncable_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/push"
)

func TestASubscriberIsToldTheCurrentStateAndEachThatFollows(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		c.follow("/a", `{"a":0}`)
		s.up.set("/a", `{"a":1}`)
		c.want(message("/a", document(`{"a":1}`)))
		c.wantNothing(10 * interval)
		c.close()
	})
}

func TestManyDocumentsShareASocket(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		c.follow("/a", `{"a":0}`)
		c.follow("/b", `{"b":0}`)
		s.up.set("/b", `{"b":1}`)
		c.want(message("/b", document(`{"b":1}`)))
		s.up.set("/a", `{"a":1}`)
		c.want(message("/a", document(`{"a":1}`)))
		c.close()
	})
}

func TestIdentifiersAreEchoedByteForByte(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		for _, id := range []string{
			`"{\"channel\":\"PollChannel\",\"path\":\"/a\"}"`,
			`"{\"path\":\"/a\",\"channel\":\"PollChannel\"}"`, // another subscription to the client
			`"{ \"channel\" : \"PollChannel\", \"path\": \"\\/a\" }"`,
			`"\u007b\"channel\":\"PollChannel\",\"path\":\"/a\"}"`,
		} {
			c.say(`{"identifier": %s, "command": "subscribe"}`, id)
			c.want(fmt.Sprintf(`{"identifier":%s,"type":"confirm_subscription"}`, id))
			c.want(fmt.Sprintf(`{"identifier":%s,"message":%s}`, id, document(`{"a":0}`)))
		}
		if got := s.up.calls("/a"); got > 4 {
			t.Errorf("upstream was asked %d times for four proofs", got)
		}
		c.close()
	})
}

func TestEverySubscribeIsConfirmedAndNoMessageComesTwice(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		s.up.slow(time.Second)
		c := s.connect("ann", basic)
		c.subscribe("/a")
		c.subscribe("/a") // before there is an answer
		c.want(about("/a", "confirm_subscription"))
		c.want(about("/a", "confirm_subscription"))
		c.want(message("/a", document(`{"a":0}`)))
		c.subscribe("/a")
		c.want(about("/a", "confirm_subscription"))
		s.up.set("/a", `{"a":1}`)
		c.want(message("/a", document(`{"a":1}`)))
		c.wantNothing(10 * interval)
		if got := s.ledger.Route("scene").Watchers(); got != 1 {
			t.Errorf("%d watches, want 1", got)
		}
		c.close()
	})
}

func TestAnImpatientClientsSecondAttemptHasTheSameAnswer(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		s.up.slow(8 * time.Second)
		c := s.connect("ann", basic)
		c.subscribe("/a")
		time.Sleep(5 * time.Second)
		c.subscribe("/a")
		c.want(about("/a", "confirm_subscription"))
		c.want(message("/a", document(`{"a":0}`)))
		c.wantNothing(interval)
		c.close()
	})
}

func TestSubscriptionsThatCannotBeAreRejected(t *testing.T) {
	tests := map[string]string{
		"upstream does not have it": `{"channel":"PollChannel","path":"/unknown"}`,
		"upstream forbids it":       `{"channel":"PollChannel","path":"/forbidden"}`,
		"upstream fails":            `{"channel":"PollChannel","path":"/failing"}`,
		"no route":                  `{"channel":"PollChannel","path":"/private/a"}`,
		"another channel":           `{"channel":"ChatChannel","path":"/a"}`,
		"no channel":                `{"path":"/a"}`,
		"no path":                   `{"channel":"PollChannel"}`,
		"not a path":                `{"channel":"PollChannel","path":"http://elsewhere.test/a"}`,
		"further keys":              `{"channel":"PollChannel","path":"/a","nonce":"1"}`,
		"nested":                    `{"channel":"PollChannel","path":{"path":"/a"}}`,
		"no object":                 `["PollChannel","/a"]`,
		"null":                      `null`,
		"empty":                     ``,
		"not JSON":                  `/a`,
	}
	play(t, settings{}, func(s *scene) {
		s.up.answer("/forbidden", http.StatusForbidden)
		s.up.answer("/failing", http.StatusServiceUnavailable)
		c := s.connect("ann", basic)
		for name, identifier := range tests {
			id := fmt.Sprintf("%q", identifier)
			c.say(`{"command":"subscribe","identifier":%s}`, id)
			if got, want := c.next(), fmt.Sprintf(`{"identifier":%s,"type":"reject_subscription"}`, id); got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
		c.follow("/a", `{"a":0}`) // which hurts nobody else
		c.close()
	})
}

func TestARejectedSubscriptionCanBeAskedForAgain(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		c.subscribe("/c")
		c.want(about("/c", "reject_subscription"))
		s.up.set("/c", `{"c":0}`)
		c.follow("/c", `{"c":0}`)
		c.close()
	})
}

func TestUnsubscribingIsSilentAndEndsUpstreamTraffic(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		c.follow("/a", `{"a":0}`)
		c.say(`{"command":"unsubscribe","identifier":%s}`, quoted("/a"))
		c.say(`{"command":"unsubscribe","identifier":%s}`, quoted("/never"))
		c.wantNothing(interval)
		asked := s.up.calls("/a")
		s.up.set("/a", `{"a":1}`)
		c.wantNothing(10 * interval)
		if got := s.up.calls("/a"); got != asked {
			t.Errorf("upstream was asked %d times after the last subscriber had left", got-asked)
		}
		c.follow("/a", `{"a":1}`) // the current state, at once
		c.close()
	})
}

func TestASubscriptionThatUpstreamEndsEndsAlone(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
		play(t, settings{}, func(s *scene) {
			c := s.connect("ann", basic)
			c.follow("/a", `{"a":0}`)
			c.follow("/b", `{"b":0}`)
			s.up.answer("/a", status)
			c.want(message("/a", end(status)))
			s.up.set("/b", `{"b":1}`)
			c.want(message("/b", document(`{"b":1}`)))
			c.subscribe("/a")
			c.want(about("/a", "reject_subscription"))
			c.close()
		})
	}
}

func TestALostSessionEndsTheSocketForGood(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		c.follow("/a", `{"a":0}`)
		s.up.answer("/a", http.StatusUnauthorized)
		c.want(message("/a", end(http.StatusUnauthorized)))
		c.want(disconnect("unauthorized", false))
		c.wantClosed(push.CloseUnauthorized)
	})
}

func TestSigningOutEndsTheSocketsOfThatIdentityAlone(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		ann, bob := s.connect("ann", basic), s.connect("bob", basic)
		ann.follow("/a", `{"a":0}`)
		bob.follow("/a", `{"a":0}`)
		s.c.SignedOut(hashOf("identity", "ann"))
		ann.want(message("/a", end(http.StatusUnauthorized)))
		ann.want(disconnect("unauthorized", false))
		ann.wantClosed(push.CloseUnauthorized)
		s.up.set("/a", `{"a":1}`)
		bob.want(message("/a", document(`{"a":1}`)))
		bob.close()
	})
}

func TestARouteThatIsNoLongerPushedEndsItsSubscriptions(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		s.up.set("/other/b", `{"b":0}`)
		both, one := s.connect("ann", basic), s.connect("ann", basic)
		both.follow("/a", `{"a":0}`)
		both.follow("/other/b", `{"b":0}`)
		one.follow("/other/b", `{"b":0}`)
		s.fell("other_route", push.Farewell{Code: push.ClosePoll})
		s.hub.SendAway(s.t.Context())
		one.want(disconnect("remote", false)) // it has no other
		one.wantClosed(push.ClosePoll)
		both.want(message("/other/b", end(http.StatusGone)))
		s.up.set("/a", `{"a":1}`)
		both.want(message("/a", document(`{"a":1}`)))
		both.close()
	})
}

func TestSwitchingPushOffSendsEveryoneToPolling(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		c.follow("/a", `{"a":0}`)
		s.hub.SendAllAway(s.t.Context())
		c.want(disconnect("remote", false))
		c.wantClosed(push.ClosePoll)
	})
}

func TestARestartAsksEveryoneToComeBack(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		var clients []*client
		for range 5 {
			c := s.connect("ann", extended)
			clients = append(clients, c)
		}
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
		defer cancel()
		go s.hub.Drain(ctx)
		for _, c := range clients {
			c.want(disconnect("server_restart", true))
			c.wantClosed(push.CloseRestart)
		}
		synctest.Wait()
		if got := s.hub.Count(); got != 0 {
			t.Errorf("%d sockets are left", got)
		}
		if _, resp, err := s.dial(nil, basic); err == nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("who comes is answered %v, want 503", resp)
		}
	})
}

func TestOldSocketsAreAskedToComeBack(t *testing.T) {
	play(t, settings{hub: push.Options{MaxAge: time.Minute}}, func(s *scene) {
		c := s.connect("ann", basic)
		time.Sleep(2 * time.Minute)
		c.want(disconnect("server_restart", true))
		c.wantClosed(push.CloseRestart)
	})
}

func TestSignalsSayWhenToFetch(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		s.up.set("/signals/a", `{"a":0}`)
		c := s.connect("ann", extended)
		c.subscribe("/signals/a")
		c.want(about("/signals/a", "confirm_subscription"))
		c.want(message("/signals/a", fmt.Sprintf(`{"type":"changed","etag":%q,"after_ms":0}`, tagOf(`{"a":0}`))))
		c.close()
	})
}

func TestABodyThatIsNoTextIsNotPushed(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		s.up.set("/b", "\xff")
		c := s.connect("ann", basic)
		c.subscribe("/b")
		c.want(about("/b", "reject_subscription"))
		c.follow("/a", `{"a":0}`)
		s.up.set("/a", "\xff")
		c.want(message("/a", end(http.StatusNotAcceptable)))
		c.close()
	})
}

func TestNobodyIsToldOfAnothersDocument(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		ann, bob := s.connect("ann", basic), s.connect("bob", basic)
		ann.follow("/a", `{"a":0}`)
		bob.wantNothing(3 * interval)
		bob.close()
		ann.close()
	})
}

func TestPingsComeEveryThreeSecondsWhateverElseFlows(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		began := time.Now()
		c.follow("/a", `{"a":0}`)
		for i := 1; time.Since(began) < time.Minute; i++ {
			body := fmt.Sprintf(`{"a":%d}`, i)
			s.up.set("/a", body)
			c.want(message("/a", document(body)))
		}
		last := began
		for range 19 {
			ping := <-c.pings
			if gap := ping.Sub(last); gap < 2500*time.Millisecond || gap > 3500*time.Millisecond {
				t.Errorf("a ping %v after the last", gap)
			}
			last = ping
		}
		c.close()
	})
}

func TestAPingSaysWhatTimeItIs(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		conn, _, err := s.dial(nil, basic)
		if err != nil {
			t.Fatal(err)
		}
		conn.ReadMessage() // welcome
		_, got, err := conn.ReadMessage()
		if want := fmt.Sprintf(`{"type":"ping","message":%d}`, time.Now().Unix()); string(got) != want || err != nil {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
		conn.Close()
	})
}

func TestAPeerThatIsGoneIsFound(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		c.SetPingHandler(func(string) error { return nil }) // reads, but shows no life
		c.follow("/a", `{"a":0}`)
		began := time.Now()
		for c.next() != "" {
		}
		if took := time.Since(began); took > 45*time.Second {
			t.Errorf("found after %v", took)
		}
		synctest.Wait()
		time.Sleep(5 * time.Second)
		if got := s.hub.Count(); got != 0 {
			t.Errorf("%d sockets are left", got)
		}
		c.Close()
	})
}

func TestASocketThatAnswersPingsLives(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		c := s.connect("ann", basic)
		c.wantNothing(10 * time.Minute)
		c.follow("/a", `{"a":0}`)
		c.close()
	})
}

func TestASlowReaderIsToldTheNewestStateAndDelaysNobody(t *testing.T) {
	play(t, settings{cable: limited(time.Minute)}, func(s *scene) {
		slow, _, err := s.dial(http.Header{"Cookie": {"ann"}}, basic)
		if err != nil {
			t.Fatal(err)
		}
		slow.ReadMessage()
		slow.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"command":"subscribe","identifier":%s}`, quoted("/a")))
		quick := s.connect("ann", basic)
		quick.follow("/a", `{"a":0}`)
		for i := 1; i <= 10; i++ { // meanwhile slow reads nothing at all
			body := fmt.Sprintf(`{"a":%d}`, i)
			s.up.set("/a", body)
			quick.want(message("/a", document(body)))
		}
		var got []string
		for len(got) == 0 || got[len(got)-1] != message("/a", document(`{"a":10}`)) {
			_, m, err := slow.ReadMessage()
			if err != nil {
				t.Fatalf("got %q, then %v", got, err)
			}
			got = append(got, string(m))
		}
		if len(got) > 5 { // confirmation, a ping, what was being written, the newest
			t.Errorf("got %d messages, want those in between left out: %q", len(got), got)
		}
		slow.Close()
		quick.close()
	})
}

func TestAReaderThatStopsIsDropped(t *testing.T) {
	play(t, settings{cable: limited(10 * time.Second)}, func(s *scene) {
		conn, _, err := s.dial(nil, basic)
		if err != nil {
			t.Fatal(err)
		}
		conn.ReadMessage()
		time.Sleep(20 * time.Second)
		if got := s.hub.Count(); got != 0 {
			t.Errorf("%d sockets are left", got)
		}
		conn.Close()
	})
}
