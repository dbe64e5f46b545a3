package coalescer_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// scene is a coalescer between an upstream and those who poll, who do what
// package proxy does: they make keys, relay answers, and go by themselves when
// told so.
type scene struct {
	t     testing.TB
	up    *upstream
	c     *coalescer.Coalescer
	route *coalescer.Route

	isQuiet bool // nobody else does anything while somebody polls
}

// usual is the policy that scenes play under unless they say otherwise.
func usual() coalescer.Policy {
	return coalescer.Policy{
		Interval: 3 * time.Second, MinInterval: time.Second, MaxInterval: time.Minute,
		Timeout: 10 * time.Second, MaxBody: 1 << 20, Audit: time.Minute,
	}
}

// play runs a script in a bubble of its own time, in which every goroutine must
// have ended and every body must have been closed when the coalescer is.
func play(t *testing.T, policy coalescer.Policy, script func(*scene)) {
	t.Helper()
	playWith(t, coalescer.Options{}, policy, script)
}

func playWith(t *testing.T, o coalescer.Options, policy coalescer.Policy, script func(*scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, o, policy)
		s.isQuiet = true
		script(s)
		s.c.Close()
		s.up.wantQuiet()
	})
}

func newScene(t testing.TB, o coalescer.Options, policy coalescer.Policy) *scene {
	up := newUpstream(t)
	o.Transport = up
	return &scene{t: t, up: up, c: coalescer.New(o), route: newRoute(policy)}
}

func newRoute(policy coalescer.Policy) *coalescer.Route {
	keyed := []string{"Accept", "Cookie"}
	return &coalescer.Route{
		Policy: policy, Name: "scene",
		Keyed:   func(field string) bool { return slices.Contains(keyed, field) },
		SaysWho: func(field string) bool { return field == "Cookie" },
	}
}

func hashOf(parts ...string) [16]byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return [16]byte(sum[:])
}

// poll is the question of a user, whose name is the credential; "" has none.
// Lines are further fields; method and target are one string, GET may be left
// out.
func (s *scene) poll(user, target string, lines ...string) *coalescer.Poll {
	method := http.MethodGet
	if m, rest, found := strings.Cut(target, " "); found {
		method, target = m, rest
	}
	header := fields(lines...)
	if user != "" {
		header.Set("Cookie", user)
	}
	vary := s.route.Vary()
	variant := []string{"target", s.route.Name, method, target, header.Get("Accept")}
	for _, name := range vary {
		if values, ok := header[name]; ok { // an absent field is no part of a key
			variant = append(variant, name+"="+strings.Join(values, "\n"))
		}
	}
	p := &coalescer.Poll{
		Key:       coalescer.Key{Target: hashOf(variant...)},
		Place:     hashOf(variant...),
		URL:       "app.test" + target,
		Route:     s.route,
		Condition: etag.ParseCondition(header),
		Writer:    hashOf("identity", user),
		Header:    header,
		Vary:      vary,
		Call: func(ctx context.Context, reason ledger.Reason) *http.Request {
			return request(ctx, reason, method, target, header)
		},
	}
	if user != "" && s.route.Share != coalescer.Everything {
		p.Key.Identity = hashOf("identity", user)
	}
	return p
}

// request is what goes upstream: without conditions, and as a probe without
// the credential.
func request(ctx context.Context, reason ledger.Reason, method, target string, header http.Header) *http.Request {
	ctx = context.WithValue(ctx, reasonKey{}, reason)
	r, err := http.NewRequestWithContext(ctx, method, "http://app.test"+target, nil)
	if err != nil {
		panic(err) // only for a target that no test should have
	}
	r.Header = header.Clone()
	if reason != ledger.Pass {
		r.Header.Del("If-None-Match")
		r.Header.Del("If-Modified-Since")
	}
	if reason == ledger.Probe {
		r.Header.Del("Cookie")
	}
	return r
}

// told is what a client got.
type told struct {
	status  int
	header  http.Header
	body    string
	outcome ledger.Outcome
	reason  string // of a bypass
	answer  coalescer.Answer
	err     error
	took    time.Duration
}

// String is the answer in one line: status, outcome and body.
func (g told) String() string {
	switch {
	case g.err != nil:
		return fmt.Sprintf("%v: %v", g.outcome, g.err)
	case g.reason != "":
		return strings.TrimSpace(fmt.Sprintf("%d %v (%s) %s", g.status, g.outcome, g.reason, g.body))
	}
	return strings.TrimSpace(fmt.Sprintf("%d %v %s", g.status, g.outcome, g.body))
}

// get polls as a user who waits as long as it takes.
func (s *scene) get(user, target string, lines ...string) told {
	return s.ask(context.Background(), s.poll(user, target, lines...))
}

// ask polls, and goes by itself if told so.
func (s *scene) ask(ctx context.Context, p *coalescer.Poll) told {
	began := time.Now()
	hit, isHit := s.c.Hit(p, began)
	a, err := s.c.Next(ctx, p)
	if isHit && s.isQuiet && (err != nil || a != hit) {
		s.t.Errorf("from memory alone: %+v, else %+v, %v", hit, a, err)
	}
	var alone *coalescer.Unshareable
	var g told
	switch {
	case errors.As(err, &alone):
		g = s.goAlone(ctx, p, alone)
	case err != nil:
		g = told{outcome: ledger.Failed, err: err}
	case a.Response != nil:
		g = relayed(a.Response)
		g.outcome = a.How.Outcome()
	case a.NotModified:
		g = told{status: http.StatusNotModified, header: a.Snapshot.Header, outcome: a.How.Outcome()}
	default:
		g = told{status: http.StatusOK, header: a.Snapshot.Header, body: string(a.Snapshot.Body), outcome: a.How.Outcome()}
	}
	g.answer, g.took = a, time.Since(began)
	return g
}

// goAlone takes a poll upstream with its own conditions.
func (s *scene) goAlone(ctx context.Context, p *coalescer.Poll, why *coalescer.Unshareable) told {
	if why.Gate != nil {
		if err := why.Gate.Acquire(ctx, 1); err != nil {
			return told{outcome: ledger.Failed, err: err}
		}
		defer why.Gate.Release(1)
	}
	r := p.Call(ctx, ledger.Pass)
	r.Header = p.Header.Clone()
	resp, err := s.up.RoundTrip(r)
	if err != nil {
		return told{outcome: ledger.Failed, err: err}
	}
	s.c.Passed(p.Key, p.Route, resp)
	g := relayed(resp)
	g.outcome, g.reason = ledger.Bypassed, why.Reason
	return g
}

func relayed(resp *http.Response) told {
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return told{status: resp.StatusCode, header: resp.Header, body: string(content), err: err}
}

// want checks an answer by its line.
func (s *scene) want(got told, want string) {
	s.t.Helper()
	if got.String() != want {
		s.t.Errorf("client got %q, want %q", got, want)
	}
}

// crowd is n clients who ask at the same time.
func crowd(n int, ask func(i int) told) []told {
	got := make([]told, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { got[i] = ask(i) })
	}
	wg.Wait()
	return got
}

// wantTally checks how often each line was answered.
func (s *scene) wantTally(got []told, want map[string]int) {
	s.t.Helper()
	tally := map[string]int{}
	for _, g := range got {
		tally[g.String()]++
	}
	if !maps.Equal(tally, want) {
		s.t.Errorf("clients got %v, want %v", tally, want)
	}
}

// slowest returns how long the last of them waited.
func slowest(got []told) (d time.Duration) {
	for _, g := range got {
		d = max(d, g.took)
	}
	return d
}

// wait lets time pass.
func (s *scene) wait(d time.Duration) { time.Sleep(d) }

// calm lets everything get as far as it can at this moment.
func (s *scene) calm() { synctest.Wait() }

// soon starts something and lets it get as far as it can at this moment.
func (s *scene) soon(do func()) (wait func()) {
	var wg sync.WaitGroup
	wg.Go(do)
	synctest.Wait()
	return wg.Wait
}
