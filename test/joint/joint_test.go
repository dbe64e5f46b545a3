package joint

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/redistest"
)

const joined = "pollard_rollout_joined 1"

func TestAKillOnOneInstanceHoldsOnAllAndWithoutRedisOnThatOne(t *testing.T) {
	redis, app := redistest.Start(t), newApplication(t)
	line := "redis: redis://" + redis.Addr
	a, b, other := serve(t, app, line), serve(t, app, line), serve(t, app, line, "fleet: staging")
	for _, i := range []*instance{a, b, other} {
		i.shows("/metrics", joined)
	}
	a.ask(http.MethodPut, a.admin+"/api/v1/kill", `{"why":"it burns"}`)
	b.shows("/api/v1/routes", `"killed": true`)
	b.shows("/api/v1/audit", `"why": "it burns"`)
	other.shows("/metrics", "pollard_killed 0") // another fleet is none of it

	redis.Stop()
	b.shows("/metrics", "pollard_rollout_joined 0")
	if got := b.ask(http.MethodDelete, b.admin+"/api/v1/kill", `{"why":"it does not"}`); !strings.Contains(got, "on this instance alone") {
		t.Errorf("got %s, want a warning that the others do not know", got)
	}
	b.shows("/metrics", "pollard_killed 0")
	a.shows("/metrics", "pollard_killed 1")
	redis.Run(t)
	a.shows("/metrics", "pollard_killed 0")
}

func TestARouteIsMovedOnAllInstancesAtTheTimeThatWasSaid(t *testing.T) {
	redis, app := redistest.Start(t), newApplication(t)
	line := "redis: redis://" + redis.Addr
	a, b := serve(t, app, line), serve(t, app, line)
	a.shows("/metrics", joined)
	b.shows("/metrics", joined)
	plan := func(at time.Time) string {
		body := fmt.Sprintf(`{"stage":"observe","at":%q}`, at.UTC().Format(time.RFC3339Nano))
		return a.ask(http.MethodPut, a.admin+"/api/v1/routes/doc", body)
	}
	answer := plan(time.Now().Add(time.Hour))
	if !strings.Contains(answer, `"stage": "coalesce"`) || !strings.Contains(answer, `"planned"`) || strings.Contains(answer, "warning") {
		t.Errorf("got %s, want where it stands and where it will, without a warning: the fleet keeps it", answer)
	}
	b.shows("/api/v1/routes", `"planned"`)
	plan(time.Now().Add(3 * time.Second)) // in place of that
	b.shows("/metrics", `pollard_rollout_stage{route="doc"} 1`)
	a.shows("/metrics", `pollard_rollout_stage{route="doc"} 1`)
	if got := a.ask(http.MethodPut, a.admin+"/api/v1/routes/doc", `{"stage":"off","at":"2001-01-01T00:00:00Z"}`); !strings.Contains(got, "has passed") {
		t.Errorf("got %s, want what is wrong with the time", got)
	}
}

func TestRedisTellsOfChanges(t *testing.T) {
	news := map[string]struct {
		lines []string
		tell  []string
	}{
		"redis":  {[]string{"redis: redis://%s", " news: [redis]"}, []string{"PUBLISH", "pollard:touch", `{"paths":["/g/p"]}`}},
		"gitlab": {[]string{"news_redis: redis://%s", " news: [gitlab]"}, []string{"SET", "etag:/g/p", "x", "EX", "1200"}},
	}
	for source, n := range news {
		t.Run(source, func(t *testing.T) {
			redis, app := redistest.Start(t, "--notify-keyspace-events", "K$"), newApplication(t)
			i := serve(t, app, fmt.Sprintf(n.lines[0], redis.Addr), n.lines[1], " safety_interval: 1h")
			alive := `pollard_news_alive{route="doc"} `
			i.shows("/metrics", alive+"1")
			i.ask(http.MethodGet, i.front+"/g/p", "")
			if got := app.asked.Load(); got != 1 {
				t.Fatalf("upstream was asked %d times, want once", got)
			}
			redis.Do(t, n.tell...)
			i.shows("/metrics", fmt.Sprintf(`pollard_news_total{route="doc",source=%q} 1`, source))
			i.ask(http.MethodGet, i.front+"/g/p", "")
			if got := app.asked.Load(); got != 2 {
				t.Errorf("upstream was asked %d times after the news, want twice", got)
			}
			redis.Stop()
			i.shows("/metrics", alive+"0")
			redis.Run(t)
			i.shows("/metrics", alive+"1")
		})
	}
}

// A balancer has a touch, a webhook and a write reach one instance, and the next poll
// another.
func TestWhatOneInstanceIsToldHoldsOnTheOthers(t *testing.T) {
	redis, app := redistest.Start(t), newApplication(t)
	lines := []string{"redis: redis://" + redis.Addr, " news: [writes]", " safety_interval: 1h", " news_timeout: 5s"}
	one, other := serve(t, app, lines...), serve(t, app, lines...)
	for _, i := range []*instance{one, other} {
		i.shows("/metrics", `pollard_news_alive{route="doc"} 1`)
	}
	other.ask(http.MethodGet, other.front+"/g/p", "")
	asked := app.asked.Load()
	for pieces, tell := range []func(){
		func() { one.ask(http.MethodPost, one.admin+"/api/v1/touch", `{"paths":["/g/p"]}`) },
		func() { one.ask(http.MethodPost, one.admin+"/api/v1/touch", `{"patterns":["/g/*"]}`) },
		func() { one.ask(http.MethodPut, one.front+"/g/p", ""); asked++ },
	} {
		before := app.asked.Load()
		tell()
		other.eventually(func() error {
			other.ask(http.MethodGet, other.front+"/g/p", "")
			if got := app.asked.Load(); got == asked {
				return fmt.Errorf("piece %d: upstream was asked %d times, want once more for the other instance", pieces, got-before)
			}
			return nil
		})
		asked = app.asked.Load()
	}
	redis.Stop()
	for _, i := range []*instance{one, other} {
		i.shows("/metrics", `pollard_news_alive{route="doc"} 0`)
	}
}

func TestAMessageThatIsNoNewsIsSaidAndNothingElse(t *testing.T) {
	redis, app := redistest.Start(t), newApplication(t)
	i := serve(t, app, "redis: redis://"+redis.Addr, " news: [redis]")
	i.says("changes are heard of from Redis")
	redis.Do(t, "PUBLISH", "pollard:touch", "nonsense")
	i.says("a message is no news")
	redis.Do(t, "PUBLISH", "pollard:touch", `{"patterns":["/**"]}`)
	i.shows("/metrics", `pollard_news_total{route="other",source="redis"} 1`)
}

func TestGitLabsRedisIsAskedForItsSettingInWords(t *testing.T) {
	redis, app := redistest.Start(t), newApplication(t)
	i := serve(t, app, "news_redis: redis://"+redis.Addr, " news: [gitlab]")
	i.says("CONFIG SET notify-keyspace-events 'K$'")
	i.shows("/metrics", `pollard_news_alive{route="doc"} 0`)
}
