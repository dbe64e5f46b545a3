package config

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/proxy/forward"
	"github.com/pollard-proxy/pollard/rollout"
)

// parseGood parses testdata/NAME.good.yml.
func parseGood(t *testing.T, name string) *Config {
	t.Helper()
	c, err := Load(filepath.Join("testdata", name+".good.yml"), testEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// parseText parses text that is expected to be a configuration.
func parseText(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("test.yml", []byte(text), testEnvironment)
	if err != nil {
		t.Fatalf("got problems:\n%v\nin:\n%s", err, text)
	}
	return c
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestTheExampleOfTheContractMeansWhatItSays(t *testing.T) {
	c := parseGood(t, "contract")
	expect(t, "listen", c.Listen, ":8080")
	expect(t, "admin", c.Admin, "127.0.0.1:9090")
	expect(t, "upstream", c.Upstream.String(), "http://127.0.0.1:3000")
	expect(t, "trusted_proxies", c.TrustedProxies, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	expect(t, "number of routes", len(c.Routes), 1)
	r := c.Routes[0]
	expect(t, "name", r.Name, "issue_realtime_changes")
	expect(t, "path", r.Path, "/**/-/issues/*/realtime_changes")
	expect(t, "stage", r.Stage, rollout.Push)
	expect(t, "percent", r.Percent, rollout.Percent(25_000))
	expect(t, "share", r.Share, ShareNothing)
	expect(t, "interval", r.Interval, 3*time.Second)
	expect(t, "min_interval", r.MinInterval, time.Second)
	expect(t, "max_interval", r.MaxInterval, time.Minute)
}

func TestDefaultsAreThoseOfTheContract(t *testing.T) {
	c := Defaults()
	expect(t, "listen", c.Listen, ":8080")
	expect(t, "admin", c.Admin, "127.0.0.1:9090")
	expect(t, "limits", c.Limits, Limits{StoredBytes: 128 << 20, Documents: 65536, Watchers: 10_000, WatchersPerIdentity: 100, Handshakes: 500, HeaderBytes: 64 << 10,
		HeaderTimeout: 10 * time.Second, IdleTimeout: 75 * time.Second, StallTimeout: time.Minute,
		UpstreamInFlight: 10_000, PendingBytes: 256 << 20})
	expect(t, "drain", c.Drain, Drain{Grace: 30 * time.Second, Reconnects: 200})
	expect(t, "log", c.Log, Log{Level: slog.LevelInfo, Polls: true, Sample: 1})
	expect(t, "tls", c.TLS, TLS{MinVersion: tls.VersionTLS12})

	r := parseText(t, "routes: [{name: poll, path: /poll}]").Routes[0]
	expect(t, "route", r, Route{Name: "poll", Path: "/poll", Stage: rollout.Observe, Percent: rollout.Everyone, Share: ShareNothing,
		Interval: 5 * time.Second, Staleness: 3 * time.Second, MinInterval: time.Second, MaxInterval: time.Minute,
		Timeout: 30 * time.Second, MaxBody: 1 << 20, Audit: time.Minute, Flag: "pollard_poll",
		Lease: time.Minute, Deliver: DeliverDocument, SignalBudget: 100, NewsTimeout: time.Minute, SafetyInterval: time.Minute})
}

func TestEveryTypeIsRead(t *testing.T) {
	c := parseGood(t, "all_the_types")
	expect(t, "upstream", c.Upstream.String(), "https://fleet.example.org:8443")
	expect(t, "trusted_proxies", c.TrustedProxies, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("2001:db8::/32")})
	expect(t, "tls", c.TLS, TLS{"a.crt", "a.key", "ca.crt", tls.VersionTLS13})
	expect(t, "stored_bytes", c.Limits.StoredBytes, int64(1<<30))
	expect(t, "header_bytes", c.Limits.HeaderBytes, int64(16384))
	expect(t, "stall_timeout", c.Limits.StallTimeout, time.Duration(0))
	expect(t, "log", c.Log, Log{slog.LevelDebug, true, false, 100})
	expect(t, "signs_out", c.SignsOut, []Endpoint{{"POST", "/users/sign_out"}})
	r := c.Routes[0]
	expect(t, "stage", r.Stage, rollout.Off)
	expect(t, "etag", r.BodyETag, true)
	expect(t, "identity", r.Identity, []string{"X-Tenant-Token"})
	expect(t, "ignore_cookies", r.IgnoreCookies, []string{"_ga*", "theme"})
	expect(t, "ignore_query", r.IgnoreQuery, []string{"_", "t[]"})
	expect(t, "poll_headers", r.PollHeaders, map[string]string{"Accept": "application/json"})
	expect(t, "origins", r.Origins, []string{"https://app.example.org:8443"})
	expect(t, "touched_by", r.TouchedBy, []Endpoint{{"PUT", "/größe/{id}"}})
	expect(t, "news", r.News, []News{NewsTouch, NewsRedis})
	expect(t, "holdout", r.Holdout, rollout.Percent(500))
}

func TestAHoldoutNeedsASecretUnlessTheRouteSetsOne(t *testing.T) {
	for _, test := range []struct {
		secret, keys string
		want         rollout.Percent
	}{
		{"", "", 0},
		{"", ", holdout: 5", 5_000},
		{"secret: 0123456789abcdef", "", 1_000},
		{"secret: 0123456789abcdef", ", holdout: 0", 0},
		{"secret: 0123456789abcdef", ", holdout: 0.5", 500},
	} {
		c := parseText(t, test.secret+"\nroutes: [{name: poll, path: /poll"+test.keys+"}]")
		expect(t, test.secret+test.keys, c.Routes[0].Holdout, test.want)
	}
}

func TestAnIntervalThatIsNotSetGivesWayToItsBounds(t *testing.T) {
	for _, test := range []struct {
		keys                      string
		interval, least, greatest time.Duration
	}{
		{"", 5 * time.Second, time.Second, time.Minute},
		{"interval: 500ms", 500 * time.Millisecond, 500 * time.Millisecond, time.Minute},
		{"interval: 2m", 2 * time.Minute, time.Second, 2 * time.Minute},
		{"max_interval: 2s", 2 * time.Second, time.Second, 2 * time.Second},
		{"min_interval: 10s", 10 * time.Second, 10 * time.Second, time.Minute},
		{"min_interval: 2m", 2 * time.Minute, 2 * time.Minute, 2 * time.Minute},
		{"min_interval: 3s, interval: 3s, max_interval: 3s", 3 * time.Second, 3 * time.Second, 3 * time.Second},
	} {
		r := parseText(t, "routes: [{name: poll, path: /poll, "+test.keys+"}]").Routes[0]
		expect(t, test.keys+" interval", r.Interval, test.interval)
		expect(t, test.keys+" min_interval", r.MinInterval, test.least)
		expect(t, test.keys+" max_interval", r.MaxInterval, test.greatest)
	}
}

func TestMergedKeysGiveWayToOnesOwn(t *testing.T) {
	routes := parseGood(t, "merged_routes").Routes
	expect(t, "own timeout", routes[1].Timeout, 20*time.Second)
	expect(t, "merged stage", routes[1].Stage, rollout.Coalesce)
	expect(t, "stage of the first of two merged", routes[2].Stage, rollout.Observe)
	expect(t, "timeout of the second of two merged", routes[2].Timeout, 10*time.Second)
	expect(t, "aliased list", routes[2].Ignore, []string{"X-Page-Load-Id"})
}

func TestVariablesAreExpandedInValues(t *testing.T) {
	c := parseGood(t, "environment")
	expect(t, "upstream", c.Upstream.String(), "http://10.0.0.1:3000")
	expect(t, "secret", string(c.Secret), "0123456789abcdef")
	expect(t, "admin_token", string(c.AdminToken), "${0123456789abcdef}")
	expect(t, "h2c", c.H2C, true)
	expect(t, "documents", c.Limits.Documents, 1000)
	expect(t, "percent", c.Routes[0].Percent, rollout.Percent(25_000))
	expect(t, "interval", c.Routes[0].Interval, 25*time.Second)
}

func TestExpansionIsNotRepeated(t *testing.T) {
	env := func(string) (string, bool) { return "${A}$${B}", true }
	for s, want := range map[string]string{
		"":              "",
		"$":             "$",
		"$A {A} }":      "$A {A} }",
		"${A}":          "${A}$${B}",
		"-${_a1}-":      "-${A}$${B}-",
		"$${A}":         "${A}",
		"$$${A}":        "$${A}",
		"$${A}${A}$${x": "${A}${A}$${B}${x",
	} {
		got, err := expand(s, env)
		if err != nil || got != want {
			t.Errorf("expand(%q): got %q, %v, want %q", s, got, err, want)
		}
	}
}

func TestASecretDoesNotShowItself(t *testing.T) {
	c := parseText(t, "secret: 'swordfish and more'\nadmin_token: 'swordfish and more'")
	var logged strings.Builder
	for _, h := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(h).Info("x", "secret", c.Secret)
	}
	shown := logged.String() + fmt.Sprint(c.Secret) + fmt.Sprintf("%v %+v %#v %q %s", *c, *c, *c, c.Secret, c.AdminToken)
	if strings.Contains(shown, "swordfish") {
		t.Errorf("got the secret in %s", shown)
	}
}

func TestAFlagOverridesTheFile(t *testing.T) {
	c := parseText(t, "upstream: 'http://127.0.0.1:3000'")
	if err := c.Set("upstream", "https://${HOST}.example.org"); err == nil {
		t.Error("got no error for an impossible host")
	}
	expect(t, "upstream after an error", c.Upstream.String(), "http://127.0.0.1:3000")
	if err := c.Set("upstream", "http://10.0.0.9"); err != nil {
		t.Error(err)
	}
	expect(t, "upstream", c.Upstream.String(), "http://10.0.0.9")
	err := c.Set("listen", "8080")
	want := `listen: "8080" is not an address; want host:port or :port with a numeric port, such as ":8080" or "127.0.0.1:9090"`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTheNearestKeyIsSuggested(t *testing.T) {
	keys := keyNames((&Route{}).keys())
	for typed, want := range map[string]string{
		"intervall": "interval", "pecent": "percent", "ingore": "ignore", "max-interval": "max_interval",
		"shrae": "share", "timeuot": "timeout", "Name": "name", "xyz": "", "": "", "stale": "stage",
	} {
		if got := nearest(typed, keys); got != want {
			t.Errorf("nearest(%q): got %q, want %q", typed, got, want)
		}
	}
}

func TestAFileThatCannotBeReadIsAnErrorThatNamesIt(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "missing.yml"), t.TempDir()} {
		if _, err := Load(path, nil); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want an error that names %s", err, path)
		}
	}
}

func TestALargeFileIsRefused(t *testing.T) {
	data := []byte("upstream: 'http://127.0.0.1:3000'\n" + strings.Repeat("# fill\n", maxFile/7))
	_, err := Parse("large.yml", data, nil)
	if want := "large.yml: is larger than 1MiB"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDeepNestingIsRefused(t *testing.T) {
	if _, err := Parse("deep.yml", []byte(strings.Repeat("[", maxFile)), nil); err == nil {
		t.Error("got no error")
	}
}

// FuzzParse looks for panics, secrets in problems, and problems that do not
// name a line of the file.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.good.yml", "testdata/*.bad.yml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			f.Add(readTestFile(f, file))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("fuzz.yml", data, func(string) (string, bool) { return "hunter2", true })
		if (c == nil) == (err == nil) {
			t.Fatalf("got %v and %v", c, err)
		}
		if err == nil {
			return
		}
		lines := 1
		for _, lineBreak := range []string{"\n", "\r", "\u2028", "\u2029"} { // those of YAML
			lines += strings.Count(string(data), lineBreak)
		}
		for _, p := range err.(Problems) {
			if p.Line < 0 || p.Line > lines || strings.Contains(p.String(), "\n") {
				t.Errorf("got %q, in %d lines", p, lines)
			}
			if strings.Contains(p.String(), "hunter2") && !strings.Contains(string(data), "hunter2") {
				t.Errorf("got the value of a variable: %q", p)
			}
		}
	})
}

func TestWhatTellsOfChangesIsRead(t *testing.T) {
	c := parseGood(t, "news")
	expect(t, "canary", c.NewsCanary, "/canary")
	expect(t, "fleet", c.Fleet, "production")
	expect(t, "channel", c.NewsChannel, "changes")
	expect(t, "redis for news", c.NewsRedis[0].String(), "redis+sentinel://127.0.0.1:26379/gitlab/2")
	expect(t, "organizations", c.NewsOrganizations, []string{"default", "acme"})
	expect(t, "webhooks", c.Webhooks, []Webhook{
		{Name: "gitlab", Token: "0123456789abcdef", Touches: []string{"/{project.path_with_namespace*}/-/issues/{object_attributes.iid}/realtime_changes"}},
		{Name: "github", HMAC: "0123456789abcdef", Header: "X-Signature", Touches: []string{"/r/{repository.full_name*}"}},
	})
	r := c.Routes[0]
	expect(t, "touched_by", r.TouchedBy, []Endpoint{{"PUT", "/**/-/issues/{iid}*"}, {"POST", "/**/-/issues/{iid}.json"}})
	expect(t, "news", r.News, []News{NewsTouch, NewsWrites, NewsWebhook, NewsRedis, NewsGitLab})
	expect(t, "news_timeout", r.NewsTimeout, 30*time.Second)
	expect(t, "safety_interval", r.SafetyInterval, 5*time.Minute)
}

func TestUpstreamsAreRead(t *testing.T) {
	c := parseGood(t, "upstreams")
	expect(t, "upstream", c.Upstream.String(),
		"http://10.0.0.1:3000 dns+https://web.example.org srv+http://_web._tcp.example.org unix:/run/puma.sock")
	expect(t, "endpoints", c.Endpoints, forward.EndpointOptions{
		Resolve: 2 * time.Second, Resolver: "127.0.0.1:8600", Eject: time.Minute, EjectUnavailable: true,
		Check: forward.Check{Path: "/-/readiness?all=1", Interval: time.Second, Timeout: 500 * time.Millisecond, Rise: 1, Fall: 2},
	})
	expect(t, "the route's", c.Routes[0].Upstream.String(), "unix:/run/builds.sock")
}
