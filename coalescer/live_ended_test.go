package coalescer_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

var refusals = []reply{says(401), says(403), says(404), says(410), says(302, "Location: /sign_in")}

func TestARefusalAtATickEndsTheWatchesOfThatIdentityAlone(t *testing.T) {
	for _, share := range []coalescer.Share{coalescer.Nothing, coalescer.Changes} {
		for _, refusal := range refusals {
			t.Run(fmt.Sprint(share, refusal.status), func(t *testing.T) {
				play(t, sharing(share), func(s *scene) {
					app := newSheet(`"v1"`, "one")
					s.up.does(app.answer)
					alice, too, bob := s.read("alice", "/doc", ""), s.read("alice", "/doc", ""), s.read("bob", "/doc", "")
					app.tells("alice", refusal)
					app.turns(`"v2"`, "two")
					s.wait(2 * lastTick)
					alice.wantEnded(ended(refusal.status))
					too.wantEnded(ended(refusal.status))
					alice.wantRead("one")
					bob.wantEnded(nil)
					bob.wantRead("one", "two")
					s.up.saw()
					s.wait(time.Minute)
					for _, line := range s.up.saw() {
						if !strings.HasPrefix(line, "probe nobody") && !strings.Contains(line, " bob ") {
							t.Errorf("upstream saw %q after alice was refused", line)
						}
					}
					alice.leave()
					too.leave()
					bob.leave()
				})
			})
		}
	}
}

func TestARefusalAtAPollEndsTheWatchesOfItsIdentity(t *testing.T) {
	for _, refusal := range refusals {
		t.Run(fmt.Sprint(refusal.status), func(t *testing.T) {
			play(t, watching(), func(s *scene) {
				app := newSheet(`"v1"`, "one")
				s.up.does(app.answer)
				alice, bob := s.read("alice", "/doc", ""), s.read("bob", "/doc", "")
				app.tells("alice", refusal)
				s.get("alice", "/doc", `If-None-Match: "elsewhere"`)
				s.calm()
				alice.wantEnded(ended(refusal.status))
				bob.wantEnded(nil)
				alice.leave()
				bob.leave()
			})
		})
	}
}

// A session that was revoked is found out at the lease where upstream answers
// 304 before it authenticates, and at a change before that.
func TestARevokedSessionIsFoundOut(t *testing.T) {
	for _, changes := range []bool{false, true} {
		t.Run(fmt.Sprint("changes ", changes), func(t *testing.T) {
			play(t, watching(), func(s *scene) {
				gitlab := newGitLab()
				s.up.does(gitlab.answer)
				r := s.read("alice", "/doc", "")
				s.up.does(revoking(gitlab, "alice"))
				within := time.Minute + lastTick + time.Second
				if changes {
					gitlab.touch()
					within = lastTick + time.Second
				}
				s.wait(within)
				r.wantRead("for alice at 0")
				r.wantEnded(ended(401))
				r.leave()
			})
		})
	}
}

func TestWhereEverythingIsSharedAnotherAsksOn(t *testing.T) {
	play(t, sharing(coalescer.Everything), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		readers := map[string]*reader{"alice": s.read("alice", "/doc", ""), "bob": s.read("bob", "/doc", ""), "carol": s.read("carol", "/doc", "")}
		again := s.read("alice", "/doc", "")
		for i := range 2 {
			s.up.saw()
			s.wait(lastTick)
			asks := strings.Fields(s.up.saw()[0])[1]
			app.tells(asks, says(401))
			s.wait(2 * lastTick)
			readers[asks].wantEnded(ended(401))
			readers[asks].leave()
			delete(readers, asks)
			app.turns(fmt.Sprintf(`"v%d"`, i+2), fmt.Sprint(i+2))
			s.wait(2 * lastTick)
		}
		for _, r := range readers {
			r.wantEnded(nil)
			r.wantRead("one", "2", "3")
			r.leave()
		}
		again.wantEnded(ended(401))
		again.leave()
	})
}

// Whoever may not see what everyone else may ends nobody's watch by asking.
func TestWhoIsRefusedEndsNobodyElsesWatch(t *testing.T) {
	for _, told := range []reply{says(401), says(403), page(`"v1"`, "one", "Set-Cookie: a=b")} {
		play(t, sharing(coalescer.Everything), func(s *scene) {
			app := newSheet(`"v1"`, "one")
			s.up.does(app.answer)
			r := s.read("alice", "/doc", "")
			app.tells("mallory", told)
			for range 20 {
				if _, err := s.watch("mallory", "/doc"); err == nil {
					t.Error("mallory may watch")
				}
				s.wait(100 * time.Millisecond)
				s.get("mallory", "/doc", `If-None-Match: "elsewhere"`)
			}
			app.turns(`"v2"`, "two")
			s.wait(2 * lastTick)
			r.wantEnded(nil)
			r.wantRead("one", "two")
			r.leave()
		})
	}
}

func TestADocumentThatIsGoneForAllEndsAllWatches(t *testing.T) {
	play(t, sharing(coalescer.Everything), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		var readers []*reader
		for i := range 50 {
			readers = append(readers, s.read(fmt.Sprint("user", i), "/doc", ""))
		}
		app.tells("", says(404))
		s.wait(5 * lastTick)
		for _, r := range readers {
			r.wantEnded(ended(404))
			r.leave()
		}
		s.up.saw()
		s.wait(time.Minute)
		s.up.wantSaw()
	})
}

func TestThreeAnswersThatCannotBeSharedEndTheWatches(t *testing.T) {
	for _, alone := range []reply{
		says(204), page(`"v2"`, "two", "Set-Cookie: a=b"), page(`"v2"`, "two", "Cache-Control: no-store"), page("", "two"),
		unchanged(`ETag: "v1"`, "Set-Cookie: a=b"),
	} {
		t.Run(fmt.Sprint(alone.status, alone.header), func(t *testing.T) {
			play(t, watching(), func(s *scene) {
				app := newSheet(`"v1"`, "one")
				app.latency = 0
				s.up.does(app.answer)
				r := s.read("alice", "/doc", "")
				app.tells("", alone)
				s.wait(lastTick + 3*time.Second)
				r.wantEnded(nil)
				s.wait(lastTick)
				r.wantEnded(ended(alone.status))
				r.wantRead("one")
				s.up.saw()
				s.wait(time.Minute)
				s.up.wantSaw()
				r.leave()
			})
		})
	}
}

func TestOneThatCanBeSharedInBetweenStartsTheCountAnew(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		s.up.does(app.answer)
		r := s.read("alice", "/doc", "")
		for range 10 {
			app.tells("", page(`"v1"`, "one", "Set-Cookie: a=b"))
			s.wait(6 * time.Second)
			app.recovers()
			s.wait(2 * lastTick)
		}
		r.wantEnded(nil)
		app.turns(`"v2"`, "two")
		s.wait(2 * lastTick)
		r.wantRead("one", "two")
		r.leave()
	})
}

func TestWhereUpstreamWantsNoPollsTheTicksStop(t *testing.T) {
	for _, tt := range []struct {
		name string
		off  reply
	}{
		{"Poll-Interval: -1", page(`"v1"`, "one", "Poll-Interval: -1")},
		{"429 on a 304", says(429, `ETag: "v1"`, "X-Gitlab-From-Cache: true")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, watching(), func(s *scene) {
				app := newSheet(`"v1"`, "one")
				s.up.does(app.answer)
				readers := []*reader{s.read("alice", "/doc", ""), s.read("bob", "/doc", ""), s.read("alice", "/other", "")}
				app.tells("", tt.off)
				s.wait(2 * lastTick)
				s.up.saw()
				s.wait(50 * time.Second)
				s.up.wantSaw()
				for _, r := range readers {
					r.wantEnded(nil)
				}
				s.wait(20 * time.Second)
				for _, r := range readers {
					r.wantEnded(ended(429))
					r.wantRead("one")
					r.leave()
				}
				s.up.wantSaw()
			})
		})
	}
}

func TestA200ThatWantsPollsStartsTheTicksAgain(t *testing.T) {
	for _, on := range [][]string{{"Poll-Interval: 3000"}, nil} {
		t.Run(fmt.Sprint(on), func(t *testing.T) {
			play(t, watching(), func(s *scene) {
				app := newSheet(`"v1"`, "one", on...)
				s.up.does(app.answer)
				r := s.read("alice", "/doc", "")
				app.tells("", says(429, `ETag: "v1"`))
				s.wait(30 * time.Second)
				app.recovers()
				app.turns(`"v2"`, "two", on...)
				s.wait(20 * time.Second)
				r.wantRead("one")
				s.get("bob", "/other")
				s.wait(10 * time.Second)
				r.wantRead("two")
				s.wait(5 * time.Minute)
				r.wantEnded(nil)
				r.leave()
			})
		})
	}
}

func TestSigningOutEndsTheWatchesOfThatIdentityAtOnce(t *testing.T) {
	for _, share := range []coalescer.Share{coalescer.Nothing, coalescer.Changes, coalescer.Everything} {
		t.Run(share.String(), func(t *testing.T) {
			play(t, sharing(share), func(s *scene) {
				app := newSheet(`"v1"`, "one")
				s.up.does(app.answer)
				alice := []*reader{s.read("alice", "/doc", ""), s.read("alice", "/doc", ""), s.read("alice", "/other", "")}
				bob := s.read("bob", "/doc", "")
				s.c.SignedOut(s.poll("alice", "/").Writer)
				s.calm()
				for _, r := range alice {
					r.wantEnded(ended(401))
				}
				app.turns(`"v2"`, "two")
				s.up.saw()
				s.wait(2 * lastTick)
				for _, line := range s.up.saw() {
					if strings.Contains(line, " alice ") {
						t.Errorf("upstream saw %q after alice signed out", line)
					}
				}
				bob.wantRead("one", "two")
				for _, r := range append(alice, bob) {
					r.leave()
				}
			})
		})
	}
}

func TestSigningOutWhileAWatchIsOpenedEndsIt(t *testing.T) {
	play(t, watching(), func(s *scene) {
		app := newSheet(`"v1"`, "one")
		app.latency = rtt
		s.up.does(app.answer)
		opening := s.soon(func() {
			w, err := s.watch("alice", "/doc")
			if err == nil {
				_, err = w.Next(context.Background(), "")
				w.Close()
			}
			checkEnded(t, err, ended(401))
		})
		s.c.SignedOut(s.poll("alice", "/").Writer)
		opening()
	})
}

func TestAWatchThatOpensWhileOthersAreOverIsNotOver(t *testing.T) {
	for _, over := range []reply{says(401), page(`"v1"`, "one", "Set-Cookie: a=b"), says(429, `ETag: "v1"`)} {
		t.Run(fmt.Sprint(over.status), func(t *testing.T) {
			play(t, watching(), func(s *scene) {
				app := newSheet(`"v1"`, "one")
				s.up.does(app.answer)
				old := s.read("alice", "/doc", "") // and is not closed for long
				app.tells("", over)
				s.wait(2 * time.Minute)
				old.wantEnded(ended(over.status))
				app.recovers()
				r := s.read("alice", "/doc", "")
				app.turns(`"v2"`, "two")
				s.wait(2 * lastTick)
				old.leave()
				app.turns(`"v3"`, "three")
				s.wait(2 * lastTick)
				r.wantRead("one", "two", "three")
				r.wantEnded(nil)
				r.leave()
			})
		})
	}
}
