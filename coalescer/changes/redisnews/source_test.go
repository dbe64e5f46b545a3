package redisnews_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer/changes/redisnews"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/test/redistest"
)

// patience is how long Redis may take. It is no promise: the machine may be busy.
const patience = 20 * time.Second

// listener is a source that runs, and what came of it, in order: "heard", "lost: why",
// "refused: why", and news.
type listener struct {
	t    *testing.T
	came chan string
}

// options are those of a source whose canary may be away for so long.
func listen(t *testing.T, address string, timeout time.Duration, source func(redisnews.Options, func(string)) (*redisnews.Source, error)) *listener {
	t.Helper()
	l := &listener{t, make(chan string, 1000)}
	client, err := redisstore.Connect(redisstore.Options{URLs: []*url.URL{{Scheme: "redis", Host: address}}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := source(redisnews.Options{
		Client: client, Timeout: timeout,
		Heard:   func() { l.came <- "heard" },
		Lost:    func(err error) { l.came <- "lost: " + err.Error() },
		Refused: func(err error) { l.came <- "refused: " + err.Error() },
	}, func(news string) { l.came <- news })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		client.Close()
	})
	return l
}

func channel(o redisnews.Options, came func(string)) (*redisnews.Source, error) {
	return redisnews.Channel(o, "touch", func(message string) error {
		if !strings.HasPrefix(message, "{") {
			return fmt.Errorf("no news: %s", message)
		}
		came(message)
		return nil
	}), nil
}

func gitlab(o redisnews.Options, came func(string)) (*redisnews.Source, error) {
	return redisnews.GitLab(o, []string{"acme"}, func(paths []string) { came(strings.Join(paths, " ")) })
}

// await waits for something that begins so.
func (l *listener) await(start string) string {
	l.t.Helper()
	end := time.After(patience)
	for {
		select {
		case got := <-l.came:
			if strings.HasPrefix(got, start) {
				return got
			}
		case <-end:
			l.t.Fatalf("never came: %s", start)
		}
	}
}

func TestWhatIsPublishedIsNews(t *testing.T) {
	redis := redistest.Start(t)
	l := listen(t, redis.Addr, time.Minute, channel)
	l.await("heard")
	redis.Do(t, "PUBLISH", "touch", "nonsense")
	l.await("refused: no news: nonsense")
	redis.Do(t, "PUBLISH", "touch", `{"paths":["/a"]}`)
	l.await(`{"paths":["/a"]}`)
}

func TestATagThatGitLabSetsIsNewsOfItsPath(t *testing.T) {
	redis := redistest.Start(t, "--notify-keyspace-events", "K$g")
	l := listen(t, redis.Addr, time.Minute, gitlab)
	l.await("heard")
	redis.Do(t, "DEL", "etag:/g/p/1")
	redis.Do(t, "SET", "etag:/api/graphql:pipelines/id/12", "x")
	redis.Do(t, "SET", "other:/g/p/1", "x")
	redis.Do(t, "SET", "etag:/o/acme/g/p/1", "x", "EX", "1200")
	if got := l.await("/"); got != "/o/acme/g/p/1 /g/p/1" {
		t.Errorf("got %q first, want the path and its other form", got)
	}
	redis.Do(t, "SET", "etag:/g/p/2", "x", "EX", "1200")
	if got := l.await("/"); got != "/g/p/2 /o/acme/g/p/2" {
		t.Errorf("got %q, want the path and its other form", got)
	}
}

func TestARedisThatDoesNotTellOfKeysIsNeverToldTo(t *testing.T) {
	redis := redistest.Start(t)
	l := listen(t, redis.Addr, time.Minute, gitlab)
	if got := l.await("lost"); !strings.Contains(got, "redis-cli CONFIG SET notify-keyspace-events 'K$'") {
		t.Errorf("got %q, want the command that sets it", got)
	}
	redis.Do(t, "CONFIG", "SET", "notify-keyspace-events", "K$")
	l.await("heard")
}

func TestASettingThatMayNotBeReadIsProvenByTheCanary(t *testing.T) {
	redis := redistest.Start(t)
	redis.Do(t, "ACL", "SETUSER", "default", "-config")
	l := listen(t, redis.Addr, 200*time.Millisecond, gitlab)
	l.await("lost: the canary has not come round")
}

func TestACanaryThatDoesNotComeRoundLosesTheSource(t *testing.T) {
	redis := redistest.Start(t, "--notify-keyspace-events", "AK")
	l := listen(t, redis.Addr, 200*time.Millisecond, gitlab)
	l.await("heard")
	redis.Do(t, "CONFIG", "SET", "notify-keyspace-events", "")
	l.await("lost: the canary has not come round")
	l.await("lost: redis does not tell")
	redis.Do(t, "CONFIG", "SET", "notify-keyspace-events", "AK")
	l.await("heard")
}

func TestALostServerLosesTheSourceUntilItIsBack(t *testing.T) {
	trouble := map[string]struct {
		begin, end func(t *testing.T, s *redistest.Server)
	}{
		"killed": {func(_ *testing.T, s *redistest.Server) { s.Stop() }, func(t *testing.T, s *redistest.Server) { s.Run(t) }},
		"paused": {func(_ *testing.T, s *redistest.Server) { s.Pause() }, func(_ *testing.T, s *redistest.Server) { s.Resume() }},
		"without its subscribers": {
			func(t *testing.T, s *redistest.Server) { s.Do(t, "CLIENT", "KILL", "TYPE", "pubsub") },
			func(*testing.T, *redistest.Server) {},
		},
	}
	for name, trouble := range trouble {
		t.Run(name, func(t *testing.T) {
			redis := redistest.Start(t)
			l := listen(t, redis.Addr, time.Second, channel)
			l.await("heard")
			trouble.begin(t, redis)
			l.await("lost")
			trouble.end(t, redis)
			l.await("heard")
			redis.Do(t, "PUBLISH", "touch", "{}")
			l.await("{}")
		})
	}
}

func TestAClusterHasNoKeyspaceNotificationsOfItsOwn(t *testing.T) {
	client, err := redisstore.Connect(redisstore.Options{URLs: []*url.URL{{Scheme: "redis", Host: "127.0.0.1:1", RawQuery: "cluster=true"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := redisnews.GitLab(redisnews.Options{Client: client}, nil, nil); err == nil || !strings.Contains(err.Error(), "Cluster") {
		t.Errorf("got %v, want an error that says why", err)
	}
}

func TestAPathHasAllTheFormsUnderWhichItIsPolled(t *testing.T) {
	tests := []struct {
		path string
		want []string
	}{
		{"/g/p", []string{"/g/p", "/o/a/g/p", "/o/b/g/p"}},
		{"/o/a/g/p", []string{"/o/a/g/p", "/g/p"}},
		{"/o/a", []string{"/o/a"}},
		{"/", []string{"/", "/o/a/", "/o/b/"}},
		{"", nil},
		{"g/p", nil},
		{"/api/graphql:pipelines/id/12", nil},
		{"/root/api/graphql:pipelines/sha/ab", nil},
	}
	for _, test := range tests {
		if got := redisnews.Forms(test.path, []string{"a", "b"}); !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.path, got, test.want)
		}
	}
}

func TestWhatIsMissingFromTheSettingIsAdded(t *testing.T) {
	for flags, want := range map[string]string{"": "K$", "K$": "K$", "AK": "AK", "AKE": "AKE", "Ex": "ExK$", "gK": "gK$", "A": "AK"} {
		if got := redisnews.Wanted(flags); got != want {
			t.Errorf("%q: got %q, want %q", flags, got, want)
		}
	}
}
