package viewer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

// inProcess carries requests to a handler without a network, so that hours can pass in a bubble.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	inbound := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	inbound.Header = r.Header.Clone()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, inbound)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// crowd returns viewers of one polled page, /page and /poll, whose polls go to poll.
func crowd(viewers int, people []string, poll http.HandlerFunc) *Crowd {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /poll", poll)
	return New(Options{
		Base: &url.URL{Scheme: "http", Host: "legacy.test"}, Viewers: viewers, People: people,
		Pages: []Page{{"/page", "/poll"}}, Transport: inProcess{mux}, CheckOwner: legacy.CheckOwner,
	})
}

// watch runs a crowd for a simulated time and returns what it counted.
func watch(t *testing.T, c *Crowd, d time.Duration) Counts {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := c.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return c.Counts()
}

// alices answers polls for alice, every interval milliseconds.
func alices(interval string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `W/"1"`)
		if interval != "" && r.Header.Get("If-None-Match") == "" {
			w.Header().Set("Poll-Interval", interval)
		}
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, `{"viewer":"alice"}`)
	}
}

func TestPollIntervalOutlivesA304ThatDoesNotCarryIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Time
		var conditions []string
		answer := alices("3000")
		c := crowd(1, []string{"alice"}, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
			conditions = append(conditions, r.Header.Get("If-None-Match"))
			answer(w, r)
		})
		counts := watch(t, c, time.Minute)
		if counts.Stopped != 0 || len(at) < 5 {
			t.Fatalf("got %d polls and %d stops (%s), want polls to go on", len(at), counts.Stopped, counts.Why)
		}
		early := 0 // a tab that is hidden and shown again polls at once
		for i := 1; i < len(at); i++ {
			if at[i].Sub(at[i-1]) < 3*time.Second {
				early++
			}
			if conditions[i] != `W/"1"` {
				t.Errorf("poll %d: got If-None-Match %q, want the stored tag", i, conditions[i])
			}
		}
		if early > len(at)/10 {
			t.Errorf("got %d of %d polls within less than the interval, want next to none", early, len(at))
		}
	})
}

func TestViewersEndQuietlyWhenToldTo(t *testing.T) {
	for _, told := range []string{"", "0", "-1", "soon"} {
		synctest.Test(t, func(t *testing.T) {
			counts := watch(t, crowd(1, []string{"alice"}, alices(told)), 4*time.Second)
			if counts.Polls > 2 || counts.Stopped != 0 {
				t.Errorf("Poll-Interval %q: got %d polls and %d stops by error, want a poll for each visit and no error", told, counts.Polls, counts.Stopped)
			}
		})
	}
}

func TestAnErrorStopsAPageAndIsCounted(t *testing.T) {
	for name, poll := range map[string]http.HandlerFunc{
		"a bad gateway": func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"a 304 without a condition": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusNotModified)
		},
		"no answer in time": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		synctest.Test(t, func(t *testing.T) {
			counts := watch(t, crowd(1, []string{"alice"}, poll), 20*time.Second)
			if counts.Stopped == 0 || counts.Stopped > counts.Polls || counts.Why == "" {
				t.Errorf("%s: got %+v, want stops and a reason", name, counts)
			}
		})
	}
}

func TestAnAnswerForSomebodyElseIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counts := watch(t, crowd(2, []string{"alice", "bob"}, alices("3000")), 4*time.Second)
		if counts.Foreign == 0 || counts.Stopped != 0 {
			t.Errorf("got %+v, want bob's answers to be counted as foreign", counts)
		}
	})
}

func TestTabsOfOnePersonShareTheCacheAndPeopleDoNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var whole atomic.Int64
		app := legacy.New(legacy.Options{})
		document := app.Documents()[0]
		door := app.Door(func(c legacy.Call) {
			if c.Path == document && c.Status == http.StatusOK {
				whole.Add(1)
			}
		})
		c := New(Options{
			Base: &url.URL{Scheme: "http", Host: "legacy.test"}, Viewers: 12, People: []string{"alice", "bob", "carol"},
			Pages: []Page{{legacy.PageOf(document), document}}, Transport: inProcess{door}, CheckOwner: legacy.CheckOwner,
		})
		counts := watch(t, c, time.Minute)
		if whole.Load() != 3 || counts.Stopped+counts.Foreign != 0 {
			t.Errorf("got %d whole answers and %+v, want one for each of three people and nothing wrong", whole.Load(), counts)
		}
	})
}

func TestWhatMayNotBeStoredIsForgotten(t *testing.T) {
	b := &browser{cache: map[string]*stored{}}
	b.keep("/poll", &stored{header: http.Header{"Etag": {`"1"`}}})
	b.keep("/poll", &stored{header: http.Header{"Etag": {`"2"`}, "Cache-Control": {"private, no-store"}}})
	if got := b.kept("/poll"); got != nil {
		t.Errorf("got %v in the cache, want nothing", got)
	}
}

func TestFreshenedFieldsReplaceStoredOnes(t *testing.T) {
	kept := http.Header{"Poll-Interval": {"3000"}, "Etag": {`"1"`}, "Content-Length": {"20"}}
	got := freshen(kept, http.Header{"Etag": {`W/"1"`}, "Content-Length": {"0"}})
	for name, want := range map[string]string{"Poll-Interval": "3000", "Etag": `W/"1"`, "Content-Length": "20"} {
		if got.Get(name) != want {
			t.Errorf("%s: got %q, want %q", name, got.Get(name), want)
		}
	}
	if kept.Get("Etag") != `"1"` {
		t.Error("the stored answer was changed in place")
	}
}

func TestGoingHomeWaitsForAnswersOnTheirWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open atomic.Int64
		c := crowd(20, []string{"alice"}, func(w http.ResponseWriter, r *http.Request) {
			open.Add(1)
			defer open.Add(-1)
			time.Sleep(time.Second)
			alices("3000")(w, r)
		})
		counts := watch(t, c, 3100*time.Millisecond)
		if counts.Stopped != 0 || open.Load() != 0 {
			t.Errorf("got %d stops (%s) and %d open requests, want none of either", counts.Stopped, counts.Why, open.Load())
		}
	})
}

func TestGoingHomeDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		counts := watch(t, crowd(1, []string{"alice"}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), 4*time.Second)
		if took := time.Since(start); took > 6*time.Second || counts.Stopped != 0 {
			t.Errorf("got an end after %v with %d stops, want it within 6s, and what is cut at the end is no error", took, counts.Stopped)
		}
	})
}

func TestWhoCannotSignInIsNamed(t *testing.T) {
	c := New(Options{
		Base: &url.URL{Scheme: "http", Host: "legacy.test"}, Viewers: 1, People: []string{"alice"},
		Transport: inProcess{http.NotFoundHandler()}, CheckOwner: legacy.CheckOwner,
	})
	err := c.Run(t.Context())
	if err == nil || err.Error() != "signing in as alice: /users/sign_in: status 404" {
		t.Errorf("got %v, want an error that names alice and the status", err)
	}
	if errors.Is(err, context.Canceled) {
		t.Error("a refusal looks like an end")
	}
}

func TestTenMinutesOfViewersAndChangesGoesWellAndEveryPollArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := legacy.New(legacy.Options{Seed: 7, Render: 10 * time.Millisecond})
		var pages []Page
		for _, document := range app.Documents() {
			pages = append(pages, Page{legacy.PageOf(document), document})
		}
		c := New(Options{
			Base: &url.URL{Scheme: "http", Host: "legacy.test"}, Viewers: 30, People: legacy.People(), Pages: pages, Seed: 7,
			Transport: inProcess{app}, CheckOwner: legacy.CheckOwner,
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		go app.Run(ctx)
		if err := c.Run(ctx); err != nil {
			t.Fatal(err)
		}
		counts, calls, arrived := c.Counts(), app.Calls(), 0
		for _, route := range legacy.Routes() {
			arrived += calls.Route(route.Name)
		}
		if counts.Stopped+counts.Foreign != 0 {
			t.Errorf("got %+v, want nothing to go wrong", counts)
		}
		if counts.Polls != uint64(arrived) || arrived < 3_000 {
			t.Errorf("sent %d polls, the application has seen %d: want all of them, and more than 3,000", counts.Polls, arrived)
		}
	})
}
