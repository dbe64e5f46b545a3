package coalescer_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestDocumentsAreBoundedInNumber(t *testing.T) {
	playWith(t, coalescer.Options{Documents: 100}, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		evicted := int64(0)
		for i := range 1000 {
			s.get("alice", fmt.Sprint("/doc/", i))
			u := s.usage()
			if u.Documents > 100 || u.Evicted > evicted+1 {
				t.Fatalf("after %d documents: %+v, want at most 100, evicted one at a time", i+1, u)
			}
			evicted = u.Evicted
		}
		if evicted != 900 {
			t.Errorf("%d evicted of 1000 where 100 have room", evicted)
		}
	})
}

func TestStoredBytesAreBounded(t *testing.T) {
	const room = 200 << 10
	playWith(t, coalescer.Options{StoredBytes: room}, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, strings.Repeat("x", 10<<10)))
		evicted := int64(0)
		for i := range 300 {
			s.get("alice", fmt.Sprint("/doc/", i))
			u := s.usage()
			if u.StoredBytes > room || u.Evicted > evicted+2 {
				t.Fatalf("after %d documents: %+v, want at most %d bytes, evicted as needed", i+1, u, room)
			}
			evicted = u.Evicted
		}
		if u := s.usage(); u.Documents < 10 || u.StoredBytes < room/2 {
			t.Errorf("%+v, want most of the room used", u)
		}
	})
}

// TestABoundThatShrinksHoldsAtOnce: the least recently used goes, and it comes back when there is room.
func TestABoundThatShrinksHoldsAtOnce(t *testing.T) {
	const room = 200 << 10
	playWith(t, coalescer.Options{StoredBytes: room}, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, strings.Repeat("x", 10<<10)))
		fill := func() {
			for i := range 15 {
				s.get("alice", fmt.Sprint("/doc/", i))
			}
		}
		fill()
		full := s.usage()
		s.c.Bound(room / 2)
		half := s.usage()
		if half.StoredBytes > room/2 || half.StoredBytes < room/3 || half.MaxStoredBytes != room/2 {
			t.Errorf("bounded to half: %+v, want little less than %d bytes", half, room/2)
		}
		s.c.Bound(0)
		if u := s.usage(); u.StoredBytes != 0 || u.Documents != 0 {
			t.Errorf("bounded to nothing: %+v", u)
		}
		s.get("alice", "/doc/0")
		s.wait(time.Nanosecond) // until it has gone
		s.c.Bound(room)
		fill()
		if u := s.usage(); u.StoredBytes != full.StoredBytes {
			t.Errorf("bounded as at first: %+v, want %d bytes again", u, full.StoredBytes)
		}
	})
}

func TestADocumentThatShrinksGivesItsRoomBack(t *testing.T) {
	play(t, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, strings.Repeat("x", 100<<10)))
		s.get("alice", "/doc")
		full := s.usage().StoredBytes
		s.wait(3 * time.Second)
		s.up.says(page(`"v2"`, strings.Repeat("x", 10<<10)))
		s.get("alice", "/doc")
		small := s.usage().StoredBytes
		const events = 1 << 10 // for what is remembered of a change
		if d := full - small; d > 90<<10 || d < 90<<10-events {
			t.Errorf("%d bytes given back, want what the body is smaller by", d)
		}
		s.wait(3 * time.Second)
		s.up.says(says(404))
		s.get("alice", "/doc")
		if n := s.usage().StoredBytes; n >= small-10<<10+events {
			t.Errorf("%d bytes stored after a refusal, want the body's less than %d", n, small)
		}
	})
}

func TestTheLeastRecentlyPolledIsEvictedFirst(t *testing.T) {
	playWith(t, coalescer.Options{Documents: 3}, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		for _, target := range []string{"/a", "/b", "/c", "/a", "/d"} {
			s.get("alice", target)
			s.wait(time.Millisecond)
		}
		s.want(s.get("alice", "/a"), "200 hit one")
		s.want(s.get("alice", "/c"), "200 hit one")
		s.want(s.get("alice", "/b"), "200 fetched one")
	})
}

func TestNoDocumentIsEvictedFromUnderAWaiter(t *testing.T) {
	playWith(t, coalescer.Options{Documents: 2}, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one").in(rtt))
		got := crowd(100, func(i int) told { return s.get("alice", fmt.Sprint("/doc/", i%10)) })
		s.wantTally(got, map[string]int{"200 fetched one": 10, "200 collapsed one": 90})
		s.calm()
		s.get("alice", "/other")
		if n := s.usage().Documents; n > 2 {
			t.Errorf("%d documents are held when nobody waits, want at most 2", n)
		}
	})
}

func TestACallThatItsLeaderLeftKeepsItsDocument(t *testing.T) {
	playWith(t, coalescer.Options{Documents: 1}, usual(), func(s *scene) {
		deaf := page(`"v1"`, "one").in(rtt)
		deaf.deaf = true
		s.up.says(deaf)
		s.hangsUp(rtt/2, "alice", "/a") // its call ends later, and accounts for what it holds
		s.up.says(page(`"v1"`, "one"))
		s.get("alice", "/b")
		s.wait(rtt)
		s.get("alice", "/c")
		if u := s.usage(); u.Documents != 1 || u.StoredBytes < 0 || u.StoredBytes > 4096 {
			t.Errorf("%+v, want one document and its bytes", u)
		}
	})
}

func TestWhatNobodyPollsIsForgotten(t *testing.T) {
	playWith(t, coalescer.Options{Idle: time.Minute}, usual(), func(s *scene) {
		s.up.says(page(`"v1"`, "one"))
		for i := range 1000 {
			s.get("alice", fmt.Sprint("/doc/", i))
		}
		for range 7 {
			s.wait(10 * time.Second)
			s.get("alice", "/doc/0")
		}
		s.calm()
		if u := s.usage(); u.Documents != 1 || u.Evicted != 0 {
			t.Errorf("%+v, want the one that is polled, and nothing evicted", u)
		}
		s.wait(62 * time.Second)
		if u := s.usage(); u.Documents != 0 || u.StoredBytes != 0 {
			t.Errorf("%+v, want nothing", u)
		}
	})
}

func TestAWaiterKeepsItsDocumentFromExpiring(t *testing.T) {
	policy := usual()
	policy.Timeout = time.Hour
	playWith(t, coalescer.Options{Idle: time.Minute}, policy, func(s *scene) {
		s.up.says(page(`"v1"`, "one").in(10 * time.Minute))
		first := s.soon(func() { s.want(s.get("alice", "/doc"), "200 fetched one") })
		s.wait(5 * time.Minute)
		s.want(s.get("alice", "/doc"), "200 collapsed one")
		first()
	})
}

// unlessBrief skips what asks in one goroutine, and needs its numbers.
func unlessBrief(t *testing.T) {
	t.Helper()
	if brief() {
		t.Skip("make test-plain runs it")
	}
}

// lean is an upstream that remembers nothing.
type lean func(*http.Request) (tag, body string)

func (l lean) RoundTrip(r *http.Request) (*http.Response, error) {
	tag, body := l(r)
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)),
		Header: http.Header{"Etag": {tag}, "Content-Type": {"application/json"}, "Cache-Control": {"max-age=0, private, must-revalidate"}},
	}, nil
}

// heap returns the bytes that are reachable.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools kept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// holding returns a coalescer, over an upstream that remembers nothing, that
// has been asked for n paths once each, and the bytes that the heap grew by.
func holding(t *testing.T, n int, o coalescer.Options) (c *coalescer.Coalescer, grown int64) {
	s := newScene(t, coalescer.Options{}, usual())
	s.c.Close()
	before := heap()
	o.Transport = lean(func(*http.Request) (string, string) { return `"v1"`, strings.Repeat("x", 500) })
	c = coalescer.New(o)
	for i := range n {
		if _, err := c.Next(context.Background(), s.poll("alice", fmt.Sprint("/doc/", i))); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Wait()
	return c, heap() - before
}

func TestTheBytesAccountedForAreThoseOfTheHeap(t *testing.T) {
	unlessBrief(t)
	synctest.Test(t, func(t *testing.T) {
		c, grown := holding(t, 20_000, coalescer.Options{})
		defer c.Close()
		accounted := c.Usage().StoredBytes
		t.Logf("%d bytes of heap, %d accounted for, for each of 20,000 documents", grown/20_000, accounted/20_000)
		if grown > accounted {
			t.Errorf("the heap grew by %d bytes, %d are accounted for", grown, accounted)
		}
	})
}

func TestAHundredThousandPathsOnceEachLeaveMemoryFlat(t *testing.T) {
	unlessBrief(t)
	const room = 4 << 20
	synctest.Test(t, func(t *testing.T) {
		c, grown := holding(t, 100_000, coalescer.Options{StoredBytes: room})
		defer c.Close()
		if grown > room+room/4 { // maps keep some of the room that they once had
			t.Errorf("the heap grew by %d bytes, want about %d", grown, room)
		}
		if u := c.Usage(); u.StoredBytes > room || u.Evicted < 90_000 {
			t.Errorf("%+v, want the bytes within bounds", u)
		}
		time.Sleep(6 * time.Minute)
		if u := c.Usage(); u.Documents != 0 || u.StoredBytes != 0 {
			t.Errorf("%+v after nobody polled for the idle time, want nothing", u)
		}
	})
}

func TestABodyOfUnknownLengthTakesNoMoreRoomThanItNeeds(t *testing.T) {
	for _, size := range []int{1, 600, 1100, 5000, 70_000} {
		s := scene{t: t, route: newRoute(usual())}
		known := lean(func(*http.Request) (string, string) { return `"v1"`, strings.Repeat("x", size) })
		s.c = coalescer.New(coalescer.Options{Transport: chunked{known}})
		a, err := s.c.Next(context.Background(), s.poll("alice", "/doc"))
		if err != nil || len(a.Snapshot.Body) != size || cap(a.Snapshot.Body) > size+size/4+16 {
			t.Errorf("%d bytes: got %d in %d, %v", size, len(a.Snapshot.Body), cap(a.Snapshot.Body), err)
		}
		s.c.Close()
	}
}

// chunked is an upstream that does not say how long its answers are.
type chunked struct{ lean }

func (c chunked) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.lean.RoundTrip(r)
	resp.ContentLength = -1
	return resp, err
}

// A client can make up tags as long as a field may be. None is to stay.
func TestInventedTagsAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, coalescer.Options{}, usual())
		s.c.Close()
		s.c = coalescer.New(coalescer.Options{Transport: lean(func(*http.Request) (string, string) { return `"v1"`, "one" })})
		defer s.c.Close()
		before := heap()
		for i := range 200 {
			tag := fmt.Sprintf(`If-None-Match: "%s%d"`, strings.Repeat("x", 64<<10), i)
			s.c.Next(context.Background(), s.poll("alice", fmt.Sprint("/doc/", i%50), tag))
		}
		synctest.Wait()
		if grown := heap() - before; grown > 1<<20 {
			t.Errorf("the heap grew by %d bytes, want the documents alone", grown)
		}
	})
}

// usage returns the figures once what the calls brought has been accounted for,
// which happens just after it was told.
func (s *scene) usage() coalescer.Usage {
	synctest.Wait()
	return s.c.Usage()
}
