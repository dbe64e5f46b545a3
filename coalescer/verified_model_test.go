package coalescer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
)

// The model of share: verified. Identities have roles, which change; documents
// show each role something else or the same, and are edited; sessions are
// revoked and restored. Nobody may ever be given bytes that upstream would not
// have given that very identity at some moment within the lease.

const (
	modelLease      = 8 * time.Second
	modelIdentities = 24
	modelDocuments  = 3
	modelRoles      = 4
	modelLatency    = 100 * time.Millisecond // at most
	modelSteps      = 250                    // of each identity
)

// modelApp is the application, and what it would have said to whom and when.
type modelApp struct {
	stamps bool // one tag per document, whoever asks, answered with 304 before authentication

	mu      sync.Mutex
	rng     *rand.Rand
	role    map[string]int
	revoked map[string]bool
	version [modelDocuments]int
	plain   [modelDocuments]bool // shows all roles the same
	showing map[string][]shown   // by identity and document, oldest first
}

// shown is what an identity could see from a moment on; "" is nothing.
type shown struct {
	from time.Time
	body string
}

func newModelApp(seed uint64, stamps bool) *modelApp {
	a := &modelApp{
		stamps: stamps, rng: rand.New(rand.NewPCG(seed, 7)),
		role: map[string]int{}, revoked: map[string]bool{}, showing: map[string][]shown{},
	}
	for i, user := range users(modelIdentities) {
		a.role[user] = i % modelRoles
	}
	a.record()
	return a
}

// body is what a user is given of a document now.
func (a *modelApp) body(user string, doc int) string {
	switch {
	case a.revoked[user]:
		return ""
	case a.plain[doc]:
		return fmt.Sprintf("document %d version %d", doc, a.version[doc])
	}
	return fmt.Sprintf("document %d version %d for role %d", doc, a.version[doc], a.role[user])
}

// record notes what everyone can see from now on.
func (a *modelApp) record() {
	for user := range a.role {
		for doc := range modelDocuments {
			key := fmt.Sprint(user, doc)
			if past, now := a.showing[key], a.body(user, doc); len(past) == 0 || past[len(past)-1].body != now {
				a.showing[key] = append(past, shown{time.Now(), now})
			}
		}
	}
}

// couldSee reports whether a user could have fetched a body since a moment.
func (a *modelApp) couldSee(user string, doc int, body string, since time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	past := a.showing[fmt.Sprint(user, doc)]
	for i, s := range past {
		if s.body == body && (i == len(past)-1 || past[i+1].from.After(since)) {
			return true
		}
	}
	return false
}

// happens changes something.
func (a *modelApp) happens() {
	a.mu.Lock()
	defer a.mu.Unlock()
	user, doc := fmt.Sprint("user", a.rng.IntN(modelIdentities)), a.rng.IntN(modelDocuments-1) // the last one stays: only leases end what is known of it
	switch dice := a.rng.IntN(12); {
	case dice < 4:
		a.version[doc]++
	case dice < 6:
		a.role[user] = a.rng.IntN(modelRoles)
	case dice < 7:
		a.revoked[user] = !a.revoked[user]
	case dice < 9:
		a.plain[doc] = !a.plain[doc]
	}
	a.record()
}

func (a *modelApp) answer(r *http.Request) reply {
	a.mu.Lock()
	defer a.mu.Unlock()
	var doc int
	fmt.Sscanf(r.URL.Path, "/doc/%d", &doc)
	body := a.body(userOf(r), doc)
	tag := string(etag.FromBody([]byte(body)))
	if a.stamps {
		tag = fmt.Sprintf(`W/"%d.%v"`, a.version[doc], a.plain[doc])
	}
	latency := time.Duration(a.rng.Int64N(int64(modelLatency)))
	isSame := r.Header.Get("If-None-Match") == tag
	switch {
	case a.stamps && isSame:
		return unchanged("ETag: " + tag).in(latency)
	case body == "":
		return says(http.StatusForbidden, "ETag: "+tag).in(latency)
	case isSame:
		return unchanged("ETag: " + tag).in(latency)
	case a.rng.IntN(2000) == 0:
		return page(tag, body, "Set-Cookie: renewed=1").in(latency)
	case a.rng.IntN(50) == 0:
		return says(http.StatusServiceUnavailable).in(latency)
	}
	return page(tag, body).in(latency)
}

// model is a run.
type model struct {
	*scene
	app  *modelApp
	seed uint64
}

// given checks what a user was given.
func (m *model) given(user string, doc int, body string) {
	slack := 2 * modelLatency // a call is proof of what it saw, which was then
	if !m.app.couldSee(user, doc, body, time.Now().Add(-modelLease-slack)) {
		m.t.Errorf("seed %d, stamps %v: %s was given %q, which it could not have fetched within the lease", m.seed, m.app.stamps, user, body)
	}
}

// poll polls as a user, with what it has half of the time.
func (m *model) polls(user string, rng *rand.Rand) {
	var tags [modelDocuments]string
	for range modelSteps {
		time.Sleep(time.Duration(rng.Int64N(int64(600 * time.Millisecond))))
		doc := rng.IntN(modelDocuments)
		var lines []string
		if tags[doc] != "" && rng.IntN(2) == 0 {
			lines = []string{"If-None-Match: " + tags[doc]}
		}
		got := m.get(user, fmt.Sprint("/doc/", doc), lines...)
		if got.status == http.StatusOK {
			m.given(user, doc, got.body)
			tags[doc] = got.header.Get("Etag")
		}
		if rng.IntN(40) == 0 {
			m.wrote(user)
		}
	}
}

// watches watches as a user until the context ends, and again where refused.
func (m *model) watches(ctx context.Context, user string, doc int) {
	for ctx.Err() == nil {
		w, err := m.watch(user, fmt.Sprint("/doc/", doc))
		for after := etag.Tag(""); err == nil; {
			var moment coalescer.Moment
			if moment, err = w.Next(ctx, after); err == nil {
				m.given(user, doc, string(moment.Body))
				after = moment.Tag
			}
		}
		if w != nil {
			w.Close()
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

func TestNobodyIsGivenBytesThatTheyCouldNotHaveFetchedWithinTheLease(t *testing.T) {
	seeds := uint64(4)
	if brief() {
		seeds = 1
	}
	for seed := range seeds {
		for _, stamps := range []bool{false, true} {
			t.Run(fmt.Sprintf("seed %d, stamps %v", seed, stamps), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { runModel(t, seed, stamps) })
			})
		}
	}
}

func runModel(t *testing.T, seed uint64, stamps bool) {
	policy := sharing(coalescer.Verified)
	policy.Interval, policy.MinInterval, policy.Lease, policy.Audit = time.Second, time.Second/2, modelLease, time.Hour
	m := &model{scene: newScene(t, coalescer.Options{}, policy), app: newModelApp(seed, stamps), seed: seed}
	m.up.does(m.app.answer)
	ctx, stop := context.WithCancel(context.Background())
	var beside, polling sync.WaitGroup
	beside.Go(func() {
		for ctx.Err() == nil {
			time.Sleep(300 * time.Millisecond)
			m.app.happens()
		}
	})
	for i, user := range users(modelIdentities) {
		polling.Go(func() { m.polls(user, rand.New(rand.NewPCG(seed, uint64(i)))) })
		if i%3 == 0 {
			beside.Go(func() { m.watches(ctx, user, i%modelDocuments) })
		}
	}
	polling.Wait()
	stop()
	beside.Wait()
	m.c.Close()
	m.up.wantQuiet()
	calls := m.up.saw()
	if polls := modelIdentities * modelSteps; len(calls) > polls || byReason(calls)["verify"] == 0 {
		t.Errorf("seed %d: %d calls for %d polls; want fewer, and proofs among them", seed, len(calls), polls)
	}
	t.Logf("%d polls and %d watchers: %v", modelIdentities*modelSteps, modelIdentities/3, byReason(calls))
}
