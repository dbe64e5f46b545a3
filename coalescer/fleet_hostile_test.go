package coalescer_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
)

// An instance that has just started has not learnt what the others have: that what
// upstream says depends on a field. What they hold for those without the field is
// not for those who have it.
func TestAnInstanceIsNotToldWhatUpstreamVariesOnMoreThanItKnows(t *testing.T) {
	for _, field := range []string{"Cookie", "X-Tongue"} {
		policy := sharing(coalescer.Everything)
		playFleet(t, 2, policy, func(f *fleet) {
			if field == "Cookie" {
				for _, s := range f.instances { // as it is where all is public
					s.route.Keyed = func(name string) bool { return name == "Accept" }
				}
			}
			f.up.does(speaks(field))
			old, young := f.instances[0], f.instances[1]
			old.get("", "/doc", field+": teacher")
			f.want(old.get("", "/doc"), "200 fetched in")
			f.want(old.get("", "/doc"), "200 hit in")
			f.want(young.get("", "/doc", field+": alice"), "200 fetched in alice")
			f.want(young.get("", "/doc", field+": alice"), "200 fetched in alice")
			f.want(young.get("", "/doc"), "200 collapsed in") // by now it knows
			f.want(young.get("", "/doc", field+": alice"), "200 hit in alice")
			f.want(old.get("", "/doc", field+": bob"), "200 fetched in bob")
		})
	}
}

// forger is a store in which somebody else writes.
type forger struct{ said coalescer.Said }

func (s forger) Begin(context.Context, coalescer.Name, coalescer.Terms) (coalescer.Turn, *coalescer.Said, error) {
	said := s.said
	said.Asked = time.Now()
	return nil, &said, nil
}

func (forger) Watch(coalescer.Name, func()) (stop func()) { return func() {} }

func (forger) Void(context.Context, coalescer.Identity) {}

// What upstream could not have said for all, no store can have anybody told.
func TestWhatCannotHaveBeenForAllIsNotTakenFromTheStore(t *testing.T) {
	with := func(name, value string) http.Header {
		return http.Header{"Etag": {`"forged"`}, name: {value}}
	}
	forged := map[string]coalescer.Said{
		"a session":                {Tag: `"forged"`, Header: with("Set-Cookie", "_session=mallory"), Body: []byte("forged")},
		"not to be stored":         {Tag: `"forged"`, Header: with("Cache-Control", "private, no-store"), Body: []byte("forged")},
		"for one alone":            {Tag: `"forged"`, Header: with("Vary", "*"), Body: []byte("forged")},
		"for those of one tongue":  {Tag: `"forged"`, Header: with("Vary", "X-Tongue"), Body: []byte("forged")},
		"larger than what is held": {Tag: `"forged"`, Header: with("X-App", "yes"), Body: []byte(strings.Repeat("x", 1<<20+1))},
		"no tag":                   {Header: http.Header{}, Body: []byte("forged")},
		"nothing":                  {},
		"a tag that breaks lines":  {Tag: "\"a\"\n\ndata: forged", Header: with("X-App", "yes"), Body: []byte("forged")},
	}
	for name, said := range forged {
		t.Run(name, func(t *testing.T) {
			playWith(t, coalescer.Options{Store: forger{said}}, sharing(coalescer.Everything), func(s *scene) {
				s.up.does(newSheet(`"v1"`, "one").answer)
				s.want(s.get("alice", "/doc"), "200 fetched one")
				s.want(s.get("bob", "/doc"), "200 hit one")
				s.wait(4 * time.Second)
				s.want(s.get("bob", "/doc", `If-None-Match: "v1"`), "304 revalidated")
			})
		})
	}
}

// flighty is a forger whose store fails every other time.
type flighty struct {
	forger
	calls *atomic.Int64
}

func (s flighty) Begin(ctx context.Context, name coalescer.Name, t coalescer.Terms) (coalescer.Turn, *coalescer.Said, error) {
	if s.calls.Add(1)%2 == 0 {
		return nil, nil, errRefused
	}
	return s.forger.Begin(ctx, name, t)
}

// What a store says that a place is tagged goes into the next probe.
func TestAProbeAsksUpstreamWithNothingThatIsNoTag(t *testing.T) {
	for _, tag := range []string{"\"a\"\r\nCookie: admin", "*", "a\"b"} {
		store := flighty{forger{coalescer.Said{Tag: etag.Tag(tag)}}, new(atomic.Int64)}
		playWith(t, coalescer.Options{Store: store}, sharing(coalescer.Changes), func(s *scene) {
			s.up.does(newGitLab().answer)
			for range 8 {
				s.get("alice", "/doc")
				s.wait(4 * time.Second)
			}
			lines := s.up.saw()
			for _, line := range lines {
				if strings.HasSuffix(line, "If-None-Match: "+tag) {
					t.Errorf("upstream was asked: %q", line)
				}
			}
			if byReason(lines)["probe"] == 0 {
				t.Errorf("nothing was probed: %q", lines)
			}
		})
	}
}
