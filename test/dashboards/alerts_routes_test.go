package dashboards

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/test/program"
)

// troubled is a configuration of an instance whose routes have a trouble each.
const troubled = `secret: 0123456789abcdef
admin: %s
upstream: %s
routes:
  - {name: broken, path: /broken/*, stage: coalesce, share: everything, interval: 200ms, min_interval: 100ms, check: 0}
  - {name: frozen, path: /frozen/*, stage: coalesce, share: everything, interval: 200ms, min_interval: 100ms, check: 100}
  - {name: large, path: /large/*, stage: push, share: everything, interval: 200ms, min_interval: 100ms, max_body: 2MiB, holdout: 0, check: 0}
  - {name: steady, path: /steady/*, stage: coalesce, share: everything, interval: 1s, min_interval: 100ms, check: 0}
`

// frozenSeconds is how long the body stays what it is whose tag never changes: a check
// that has seen two in a row knows nothing.
const frozenSeconds = 5

// troubles is an upstream that gives reason for alerts.
type troubles struct {
	mended atomic.Bool
	states atomic.Int64
}

// ServeHTTP breaks off what is broken; says the same tag of each body of what is
// frozen; has something large that is new each time, and something that stays.
func (u *troubles) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	state := u.states.Add(1)
	if u.mended.Load() {
		state = 0
	}
	tag, body := `"steady"`, "steady"
	switch route := routeOf(r.URL.Path); {
	case route == "broken" && state > 0:
		panic(http.ErrAbortHandler)
	case route == "frozen" && state > 0:
		tag, body = `"frozen"`, fmt.Sprint(time.Now().Unix()/frozenSeconds)
	case route == "large":
		tag, body = fmt.Sprintf(`"%d"`, state), fmt.Sprint(state)+strings.Repeat(" large", 150e3)
	}
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	io.WriteString(w, body)
}

// TestAlertsFireForTheRoutesThatAreInTrouble has routes that fail, whose tags do not
// follow their bodies, whose watchers take in too slowly, and whose polls can no longer
// be coalesced.
func TestAlertsFireForTheRoutesThatAreInTrouble(t *testing.T) {
	t.Parallel()
	installed(t, "prometheus")
	var u troubles
	app := httptest.NewServer(&u)
	t.Cleanup(app.Close)
	admin := program.FreeAddress(t)
	at := prometheusWith(t, hurried(t), admin)
	p := serve(t, fmt.Sprintf(troubled, admin, app.URL))

	good := newTraffic(t, p.front)
	for i := range 4 {
		good.poll(fmt.Sprintf("user-%d", i), "/steady/1", 50*time.Millisecond)
	}
	bad := newTraffic(t, p.front)
	for i := range 4 {
		bad.poll(fmt.Sprintf("user-%d", i), "/broken/1", 100*time.Millisecond)
		bad.poll(fmt.Sprintf("user-%d", i), "/frozen/1", 100*time.Millisecond)
	}
	for i := range 15 {
		bad.dawdle(fmt.Sprintf("user-%d", i), "/large/1", 3*time.Second)
	}
	fire(t, at, "PollardFrozenValidators", "PollardPollsFailing", "PollardPollsFailingSlowly", "PollardPushFailing", "PollardPushFailingSlowly")

	// A release of the page sends a header with its polls that nobody has heard of.
	await(t, at, `namespace_job_route:pollard_reduction_modelled:ratio24h{route="steady"} offset 1h > 0.8`)
	good.stop()
	released := newTraffic(t, p.front)
	for i := range 4 {
		released.poll(fmt.Sprintf("user-%d", i), "/steady/1", 50*time.Millisecond, "X-Unheard-Of: 1")
	}
	fire(t, at, "PollardReductionFallen")
	if n, err := series(at, `last_over_time(ALERTS{route="steady", alertname!="PollardReductionFallen"}[5m])`); n != 0 || err != nil {
		t.Errorf("got %d alerts, %v, of a route that answers every poll", n, err)
	}

	u.mended.Store(true)
	bad.hangUp()
	over(t, at, ".*")
}

// await waits until there is something of an expression, whose durations are hurried.
func await(t *testing.T, prometheus, expr string) {
	t.Helper()
	if err := program.Until(patience(), func() error { return there(prometheus, hurry(expr, *quarter)) }); err != nil {
		t.Fatal(err)
	}
}

// dawdle has a user watch a path who takes in one state at a time, and rests in between.
func (tr *traffic) dawdle(user, path string, rest time.Duration) {
	tr.t.Helper()
	conn, _, err := new(websocket.Dialer).Dial("ws"+strings.TrimPrefix(tr.front, "http")+path, http.Header{"Origin": {tr.front}, "Cookie": {"user=" + user}})
	if err != nil {
		tr.t.Fatalf("%s: %v", user, err)
	}
	tr.keep(conn)
	tr.watchers.Go(func() {
		for again := time.NewTicker(rest); ; <-again.C {
			if _, _, err := conn.ReadMessage(); err != nil {
				again.Stop()
				return // it was hung up, or has dawdled for too long
			}
		}
	})
}
