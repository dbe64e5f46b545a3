package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/pollard-proxy/pollard/config"
)

// built builds an instance of a configuration's lines.
func built(t *testing.T, lines ...string) (*instance, error) {
	t.Helper()
	return build(parsed(t, lines...), slog.New(slog.DiscardHandler), nil)
}

func parsed(t *testing.T, lines ...string) *config.Config {
	t.Helper()
	c, err := config.Parse("test", []byte(strings.Join(lines, "\n")), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A goroutine that is left running fails the bubble.
func TestABuildThatFailsLeavesNothingRunning(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	nobody := filepath.Join(t.TempDir(), "socket")
	tests := map[string][]string{
		"front door taken":     {"listen: " + taken.Addr().String(), `admin: "127.0.0.1:0"`},
		"admin listener taken": {`listen: "127.0.0.1:0"`, "admin: " + taken.Addr().String()},
		"taken, of a fleet":    {"listen: " + taken.Addr().String(), "redis: unix://" + nobody, `news_redis: "unix://` + nobody + `"`},
	}
	for name, lines := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if in, err := built(t, append(lines, "upstream: http://127.0.0.1:1")...); err == nil {
					in.close()
					t.Error("built on a port that is taken")
				}
			})
		})
	}
}

func TestARefusedReloadLeavesWhoClimbsAsItWas(t *testing.T) {
	in, err := built(t, `listen: "127.0.0.1:0"`, `admin: "127.0.0.1:0"`, "upstream: http://127.0.0.1:1", "routes: [{name: x, path: /x}]")
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	in.ladder.Close() // refuses from now on
	changed := *in.config
	changed.Routes = slices.Clone(changed.Routes)
	changed.Routes[0].Autopilot = true
	if err := in.reload(&changed); err == nil {
		t.Fatal("reloaded")
	}
	if in.autopilot.Load().has("x") {
		t.Error("the route climbs by a configuration that was refused")
	}
}

func TestTokensAndWebhooksAreThoseOfTheLastReloadThatHolds(t *testing.T) {
	lines := func(secret string) []string {
		return []string{
			`listen: "127.0.0.1:0"`, `admin: "127.0.0.1:0"`, "upstream: http://127.0.0.1:1",
			"admin_token: " + secret, "webhooks: [{name: own, token: " + secret + ", touches: [/x]}]",
		}
	}
	in, err := built(t, lines("the-first-of-the-secrets")...)
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	check := func(holds, other string) {
		t.Helper()
		for secret, want := range map[string]bool{holds: true, other: false} {
			for target, line := range map[string]string{"/api/v1/touch": "Authorization: Bearer " + secret, "/api/v1/webhook/own": "X-Gitlab-Token: " + secret} {
				r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(`{"heartbeat":true}`))
				name, value, _ := strings.Cut(line, ": ")
				r.Header.Set(name, value)
				w := httptest.NewRecorder()
				in.operators.ServeHTTP(w, r)
				if got := w.Code == http.StatusAccepted; got != want {
					t.Errorf("%s with %q: got %d, want admitted: %v", target, secret, w.Code, want)
				}
			}
		}
	}
	check("the-first-of-the-secrets", "the-second-of-the-secrets")
	if err := in.reload(parsed(t, lines("the-second-of-the-secrets")...)); err != nil {
		t.Fatal(err)
	}
	check("the-second-of-the-secrets", "the-first-of-the-secrets")
	in.ladder.Close() // refuses from now on
	if err := in.reload(parsed(t, lines("the-first-of-the-secrets")...)); err == nil {
		t.Fatal("reloaded")
	}
	check("the-second-of-the-secrets", "the-first-of-the-secrets")
}
