package coalescer_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

func (s *scene) supply(target, body, tag string) int {
	n := s.c.Supply(ledger.TouchAPI, s.route, &coalescer.Representation{Path: target, Body: []byte(body), ContentType: "application/json", Tag: etag.Tag(tag)})
	s.wait(time.Nanosecond)
	return n
}

const isJSON = "Content-Type: application/json; charset=utf-8"

func TestARepresentationIsTheStateWithoutACall(t *testing.T) {
	for _, tag := range []string{`"v2"`, ""} {
		play(t, sharing(coalescer.Everything), func(s *scene) {
			up := newSheet(`"v1"`, `1`, isJSON, "Content-Encoding: identity", "X-App: yes")
			s.up.does(up.answer)
			bob := s.read("bob", "/doc", "")
			defer bob.leave()
			s.get("alice", "/doc")
			s.wait(time.Second)
			s.up.saw()
			up.turns(`"v2"`, `2`, isJSON)
			if n := s.supply("/doc", `2`, tag); n != 1 {
				t.Errorf("met %d documents, want 1", n)
			}
			s.calm()
			bob.wantRead("1", "2")
			g := s.get("alice", "/doc", `If-None-Match: "v1"`)
			if g.body != "2" {
				t.Errorf("got %q, want the new state", g)
			}
			if g.header.Get("X-App") != "yes" || g.header.Get("Content-Encoding") != "" || g.header.Get("Content-Type") != "application/json" {
				t.Errorf("got fields %v", g.header)
			}
			s.up.wantSaw()
			s.wait(lastTick)
			s.want(s.get("alice", "/doc"), "200 hit 2")
			bob.wantRead()
		})
	}
}

func TestARepresentationOutdatesACallUnderWay(t *testing.T) {
	play(t, sharing(coalescer.Everything), func(s *scene) {
		s.up.says(page(`"v1"`, "1", isJSON))
		s.get("alice", "/doc")
		s.wait(3 * time.Second)
		s.up.says(page(`"v1"`, "1", isJSON).in(rtt))
		older := s.soon(func() { s.get("alice", "/doc") })
		s.wait(rtt / 2)
		s.supply("/doc", "2", `"v2"`)
		older()
		s.want(s.get("alice", "/doc"), "200 hit 2")
	})
}

// Elsewhere than where all is public a representation is news and nothing else.
func TestOnlyPublicDocumentsOfTheSameKindAreReplaced(t *testing.T) {
	tests := []struct {
		name   string
		share  coalescer.Share
		target string
		lines  []string
	}{
		{"nothing is shared", coalescer.Nothing, "/doc", []string{isJSON}},
		{"changes are shared", coalescer.Changes, "/doc", []string{isJSON}},
		{"what is verified is shared", coalescer.Verified, "/doc", []string{isJSON}},
		{"another media type", coalescer.Everything, "/doc", []string{"Content-Type: text/html"}},
		{"no media type", coalescer.Everything, "/doc", nil},
		{"another language", coalescer.Everything, "/doc", []string{isJSON, "Vary: Accept-Encoding, Accept"}},
		{"HEAD", coalescer.Everything, "HEAD /doc", []string{isJSON, "Content-Length: 6"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			play(t, sharing(test.share), func(s *scene) {
				up := newSheet(`"v1"`, "before", test.lines...)
				s.up.does(up.answer)
				s.get("alice", test.target)
				s.wait(time.Second)
				up.turns(`"v2"`, "after", test.lines...)
				if n := s.supply("/doc", "forged", `"v9"`); n != 1 {
					t.Errorf("met %d documents, want 1", n)
				}
				if g := s.get("alice", test.target); g.header.Get("ETag") != `"v2"` {
					t.Errorf("got %q with %v, want what upstream says", g, g.header)
				}
			})
		})
	}
}

// Upstreams that answer pages and scripts at one URL do not always say so in Vary.
func TestARepresentationOfNoMediaTypeIsNotTakenForAPage(t *testing.T) {
	play(t, sharing(coalescer.Everything), func(s *scene) {
		s.up.does(func(r *http.Request) reply {
			return page(`"v1"`, "as "+r.Header.Get("Accept"), "Content-Type: "+r.Header.Get("Accept"))
		})
		kinds := []string{"text/html", "application/json"}
		for _, kind := range kinds {
			s.get("alice", "/doc", "Accept: "+kind)
		}
		s.wait(time.Second)
		n := s.c.Supply(ledger.TouchAPI, s.route, &coalescer.Representation{Path: "/doc", Body: []byte(`"<script>"`), Tag: `"v2"`})
		if n != 2 {
			t.Errorf("met %d documents, want 2", n)
		}
		s.wait(time.Nanosecond)
		for _, kind := range kinds {
			s.want(s.get("alice", "/doc", "Accept: "+kind), "200 fetched as "+kind)
		}
	})
}

func TestARepresentationOfAPathThatSeveralSitesHaveIsNobodys(t *testing.T) {
	play(t, sharing(coalescer.Everything), func(s *scene) {
		up := newSheet(`"v1"`, "one", isJSON)
		s.up.does(up.answer)
		theirs := s.poll("bob", "/doc")
		theirs.URL, theirs.Key.Target = "other.test/doc", hashOf("other.test")
		s.get("alice", "/doc")
		s.want(s.ask(s.until(time.Hour), theirs), "200 fetched one")
		s.wait(time.Second)
		if n := s.supply("/doc", "forged", `"v2"`); n != 2 {
			t.Errorf("met %d documents, want 2", n)
		}
		s.want(s.ask(s.until(time.Hour), theirs), "200 revalidated one")
		s.want(s.get("alice", "/doc"), "200 revalidated one")
	})
}
