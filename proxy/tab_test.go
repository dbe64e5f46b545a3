package proxy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// A session is a credential that the tabs of one person share.
type session struct {
	user, carrier, credential string

	mu        sync.Mutex
	ended     time.Time      // when upstream forgot it; zero while it is valid
	signedOut time.Time      // when the page had the answer to its signing out
	wrote     map[string]int // by path, the version that it was told of
}

// A person has tabs, which sooner or later all use the newest session.
type person struct {
	mu     sync.Mutex
	newest *session
}

// A tab is one page: it polls, keeps what a browser keeps, and believes nothing.
type tab struct {
	*world
	rnd     *rand.Rand
	person  *person
	session *session
	known   map[string]copyOf // by target
}

// copyOf is what the tab has of a document.
type copyOf struct {
	tag     string
	version int
}

// run lives through so many polls.
func (b *tab) run(polls int) {
	for ; polls > 0; b.pause() {
		switch n := b.rnd.IntN(100); {
		case n < 4:
			b.write()
		case n < 6:
			b.signOut()
		default:
			b.poll()
			polls--
		}
	}
}

// pause waits for a moment of the tab's own, or for one that it shares with many.
func (b *tab) pause() {
	if b.rnd.IntN(5) == 0 {
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
		return
	}
	time.Sleep(time.Duration(b.rnd.Int64N(int64(time.Second))))
}

// path returns one of few, and mostly the one that a person looks at for a
// while, so that tabs meet.
func (b *tab) path() string {
	n := uint64(b.rnd.IntN(100))
	if b.rnd.IntN(4) > 0 {
		n = sum(b.session.credential, int(time.Now().Unix()/20))
	}
	return fmt.Sprintf("/%s/%d", kinds()[n%uint64(len(kinds()))], n%3)
}

// request makes a request of this tab's session, with what browsers add to it.
func (b *tab) request(what string) *http.Request {
	s := b.session
	r := request(what, "User-Agent: tab", fmt.Sprint("X-Csrf-Token: ", b.rnd.IntN(1e9)))
	switch s.carrier {
	case "": // nobody, and an impostor
		r.Header.Set("X-Forwarded-User", s.credential)
	case "Cookie":
		r.Header.Set("Cookie", fmt.Sprintf("_ga=%d; _session=%s; _gid=2", b.rnd.IntN(1e9), s.credential))
	default:
		r.Header.Set(s.carrier, s.credential)
		r.Header.Set("Cookie", fmt.Sprintf("_ga=%d", b.rnd.IntN(1e9)))
	}
	if s.carrier == "X-Forwarded-User" {
		r.RemoteAddr = balancer
	}
	return r
}

// write changes a path, and from then on wants to see it.
func (b *tab) write() {
	path := b.path()
	resp := b.rig.ask(b.request("POST " + path))
	var version int
	if _, err := fmt.Sscan(resp.Header.Get("X-Version"), &version); err != nil {
		b.fault("a write was answered %s without a version", resp.Status)
		return
	}
	b.session.mu.Lock()
	defer b.session.mu.Unlock()
	b.session.wrote[path] = max(b.session.wrote[path], version)
}

// signOut ends the session, through the front door or behind everybody's back.
// The tabs go on polling with what they have, until they are refused.
func (b *tab) signOut() {
	s := b.session
	if s.carrier == "" {
		b.signInAgain()
		return
	}
	s.mark(&s.ended)
	if b.rnd.IntN(2) == 0 {
		b.fleet.expel(s.credential)
		return
	}
	if resp := b.rig.ask(b.request("POST /sign_out")); resp.StatusCode != http.StatusNoContent {
		b.fault("signing out was answered %s", resp.Status)
	}
	s.mark(&s.signedOut)
}

// signInAgain takes up the person's newest session, or makes one, perhaps as
// another user: known stays, as it does in a browser's cache.
func (b *tab) signInAgain() {
	b.person.mu.Lock()
	defer b.person.mu.Unlock()
	if b.person.newest == b.session {
		b.person.newest = b.signIn(b.rnd)
	}
	b.session = b.person.newest
}

func (s *session) mark(at *time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at.IsZero() {
		*at = time.Now()
	}
}

// poll asks for a document, now and then in an unusual way, and looks closely at
// the answer, unless the tab has been closed by then.
func (b *tab) poll() {
	target := b.path()
	if b.rnd.IntN(4) == 0 {
		target += "?page=2"
	}
	q := b.ask(target)
	w := &slowly{ResponseRecorder: httptest.NewRecorder(), write: b.seldom(20, 80*time.Millisecond)}
	if closing := b.seldom(12, 80*time.Millisecond); closing > 0 {
		ctx, hangUp := context.WithCancel(context.Background())
		defer hangUp()
		defer time.AfterFunc(closing, hangUp).Stop()
		q.in = q.in.WithContext(ctx)
	}
	b.sent(target)
	if whole := b.serve(w, q.in); whole && q.in.Context().Err() == nil {
		b.examine(q, w.Result())
	}
}

// seldom returns a random duration once in so many times, else 0.
func (b *tab) seldom(times int, most time.Duration) time.Duration {
	if b.rnd.IntN(times) > 0 {
		return 0
	}
	return time.Duration(b.rnd.Int64N(int64(most)))
}

// serve reports whether the answer came to its end.
func (b *tab) serve(w http.ResponseWriter, r *http.Request) (whole bool) {
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			panic(v)
		}
	}()
	b.rig.serve(w, r)
	return true
}

// slowly is a client that takes its time to read.
type slowly struct {
	*httptest.ResponseRecorder
	write time.Duration
}

func (s *slowly) Write(p []byte) (int, error) {
	time.Sleep(s.write)
	return s.ResponseRecorder.Write(p)
}
