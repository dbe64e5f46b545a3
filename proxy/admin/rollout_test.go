package admin

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/proxy"
	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// send makes a request with a body, from this machine.
func (l *listener) send(method, target, content string, lines ...string) *http.Response {
	r := httptest.NewRequest(method, "http://127.0.0.1:9090"+target, strings.NewReader(content))
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w.Result()
}

func onLoopback(o *Options) { o.Loopback = true }

// decode reads an answer.
func decode[T any](t *testing.T, resp *http.Response) (answer T) {
	t.Helper()
	said := body(t, resp)
	if err := json.Unmarshal([]byte(said), &answer); err != nil {
		t.Fatalf("%s: %v in %s", resp.Status, err, said)
	}
	return answer
}

func TestAMoveTakesAnySubsetOfItsFields(t *testing.T) {
	tests := []struct{ change, want string }{
		{`{"stage":"push","percent":25}`, "push 25%"},
		{`{"stage":"observe"}`, "observe 33.333%"},
		{`{"percent":0.001}`, "coalesce 0.001%"},
		{`{"percent":12.500,"why":"half of it"}`, "coalesce 12.5%"},
		{`{"stage":"off","percent":null}`, "off 33.333%"},
	}
	for _, test := range tests {
		l := listen(t, onLoopback)
		moved := decode[MovedRoute](t, l.send(http.MethodPut, "/api/v1/routes/polled", test.change))
		routes := decode[[]Route](t, l.get("/api/v1/routes"))
		if got := moved.Position.String(); got != test.want || routes[0].Position != moved.Position {
			t.Errorf("%s: got %s and %v, want %s", test.change, got, routes[0].Position, test.want)
		}
		if got := routes[0].Configured.String(); got != "coalesce 33.333%" {
			t.Errorf("%s: got %s as what is configured", test.change, got)
		}
		if routes[0].Moved == nil || !strings.Contains(moved.Warning, "will not survive a restart") {
			t.Errorf("%s: got %+v, want who moved it, and that it is not kept", test.change, moved)
		}
	}
}

func TestWhatIsWrongWithAChangeIsSaid(t *testing.T) {
	tests := []struct {
		method, target, change string
		status                 int
		says                   string
	}{
		{"PUT", "/api/v1/routes/nosuch", `{"stage":"push"}`, 404, "polled, quiet"},
		{"PUT", "/api/v1/routes/polled", ``, 400, `"stage"`},
		{"PUT", "/api/v1/routes/polled", `{"why":"?"}`, 400, `"stage"`},
		{"PUT", "/api/v1/routes/polled", `{"stage":"Push"}`, 400, "off, observe, coalesce, push"},
		{"PUT", "/api/v1/routes/polled", `{"stage":3}`, 400, "stage"},
		{"PUT", "/api/v1/routes/polled", `{"percent":100.001}`, 400, "at most 100"},
		{"PUT", "/api/v1/routes/polled", `{"percent":-1}`, 400, "from 0 to 100"},
		{"PUT", "/api/v1/routes/polled", `{"percent":0.0001}`, 400, "three digits"},
		{"PUT", "/api/v1/routes/polled", `{"percent":"25"}`, 400, "percent"},
		{"PUT", "/api/v1/routes/polled", `{"percentage":25}`, 400, "percentage"},
		{"PUT", "/api/v1/routes/polled", `{"percent":25}{"percent":50}`, 400, "more than one"},
		{"PUT", "/api/v1/routes/polled", `{"percent":25}}`, 400, "more than one"},
		{"PUT", "/api/v1/routes/polled", `{"why":"` + strings.Repeat("y", 1<<17) + `"}`, 400, "larger"},
		{"PUT", "/api/v1/routes/polled", `[]`, 400, "JSON"},
		{"PUT", "/api/v1/routes/polled", `{"stage":"push","at":"2001-01-01T00:00:00Z"}`, 400, "has passed"},
		{"PUT", "/api/v1/routes/polled", `{"stage":"push","at":"tomorrow"}`, 400, "JSON"},
		{"PUT", "/api/v1/routes/polled", `{"at":"2101-01-01T00:00:00Z"}`, 400, `"stage"`},
		{"PUT", "/api/v1/kill", `{"at":"2101-01-01T00:00:00Z"}`, 400, "at once"},
		{"PUT", "/api/v1/kill", `{"stage":"off"}`, 400, "all routes"},
		{"DELETE", "/api/v1/kill", `nonsense`, 400, "JSON"},
		{"POST", "/api/v1/kill", ``, 405, ""},
		{"DELETE", "/api/v1/routes/polled", ``, 405, ""},
	}
	for _, test := range tests {
		l := listen(t, onLoopback)
		resp := l.send(test.method, test.target, test.change)
		if said := body(t, resp); resp.StatusCode != test.status || !strings.Contains(said, test.says) {
			t.Errorf("%s %s %.60s: got %s, %s; want %d with %q", test.method, test.target, test.change, resp.Status, said, test.status, test.says)
		}
		if routes := decode[[]Route](t, l.get("/api/v1/routes")); routes[0].Moved != nil || routes[0].Killed {
			t.Errorf("%s %s %.60s: it is refused and takes effect: %+v", test.method, test.target, test.change, routes[0])
		}
	}
}

func TestAMoveThatIsToComeIsShownAndNotInForce(t *testing.T) {
	l := listen(t, onLoopback)
	at := time.Date(2101, 1, 1, 0, 0, 0, 0, time.UTC)
	moved := decode[MovedRoute](t, l.send(http.MethodPut, "/api/v1/routes/polled", `{"stage":"push","why":"later","at":"2101-01-01T00:00:00Z"}`))
	if p := moved.Planned; p == nil || !p.At.Equal(at) || p.Stage != rollout.Push || p.Why != "later" {
		t.Errorf("got %+v, want what was planned", p)
	}
	if moved.Moved != nil || moved.Stage != rollout.Coalesce {
		t.Errorf("got %v, want that it stands where it stood", moved.Position)
	}
}

func TestAChangeThatTheFleetCannotHearOfIsWarnedOf(t *testing.T) {
	tests := []struct {
		apart error
		says  []string
	}{
		{nil, nil}, // and the fleet keeps what no folder does
		{errors.New("redis is gone"), []string{"on this instance alone", "redis is gone", "will not survive a restart"}},
	}
	for _, test := range tests {
		l := listen(t, func(o *Options) { o.Loopback, o.Apart = true, func() error { return test.apart } })
		warning := decode[KillSwitch](t, l.send(http.MethodPut, "/api/v1/kill", "")).Warning
		if test.says == nil && warning != "" {
			t.Errorf("got warning %q, want none", warning)
		}
		for _, says := range test.says {
			if !strings.Contains(warning, says) {
				t.Errorf("got warning %q, want %q in it", warning, says)
			}
		}
	}
}

func TestTheKillSwitchIsShownOnEveryRoute(t *testing.T) {
	l := listen(t, onLoopback)
	for _, killed := range []bool{true, false} {
		method := map[bool]string{true: http.MethodPut, false: http.MethodDelete}[killed]
		answer := decode[KillSwitch](t, l.send(method, "/api/v1/kill", `{"why":"a test"}`))
		routes := decode[[]Route](t, l.get("/api/v1/routes"))
		for _, r := range append(routes, answer.Routes...) {
			if r.Killed != killed || r.Position != r.Configured {
				t.Errorf("%s: got %+v, want what is configured and killed %v", method, r, killed)
			}
		}
		const why = "the kill switch has every route pass through"
		if e := decode[proxy.Explanation](t, l.get("/api/v1/explain?url=/d/1")); (e.Reason == why) != killed {
			t.Errorf("%s: explained by %q", method, e.Reason)
		}
		if answer.Killed != killed || len(answer.Routes) != 2 {
			t.Errorf("%s: got %+v", method, answer)
		}
	}
}

func TestTheAuditLogIsToldTheNewestFirst(t *testing.T) {
	l := listen(t, onLoopback)
	l.send(http.MethodPut, "/api/v1/routes/polled", `{"percent":1,"why":"slowly\u001b[2J"}`, "X-Pollard-Who: alice\x1b")
	l.send(http.MethodPut, "/api/v1/routes/quiet", `{"stage":"observe"}`)
	l.send(http.MethodPut, "/api/v1/kill", "")
	tests := map[string]string{ // to, of each entry
		"":                  "killed, observe 0%, coalesce 1%",
		"?n=2":              "killed, observe 0%",
		"?route=polled":     "coalesce 1%",
		"?route=nosuch":     "",
		"?route=quiet&n=0":  "",
		"?route=quiet&n=10": "observe 0%",
	}
	for query, want := range tests {
		var to []string
		for _, e := range decode[[]ladder.Entry](t, l.get("/api/v1/audit"+query)) {
			to = append(to, e.To)
		}
		if got := strings.Join(to, ", "); got != want {
			t.Errorf("%q: got %s, want %s", query, got, want)
		}
	}
	e := decode[[]ladder.Entry](t, l.get("/api/v1/audit?route=polled"))[0]
	if e.Who != "alice  (192.0.2.1, no token)" || e.Why != "slowly [2J" || e.From != "coalesce 33.333%" {
		t.Errorf("got %+v, want who, from where, and why, without control characters", e)
	}
	for _, bad := range []string{"?n=many", "?n=-1"} {
		if resp := l.get("/api/v1/audit" + bad); resp.StatusCode != 400 {
			t.Errorf("%s: got %s, want 400", bad, resp.Status)
		}
	}
}

func TestANameMadeToResolveToThisMachineReadsNothing(t *testing.T) {
	for _, test := range []struct {
		host, token, sent string
		loopback          bool
		want              int
	}{
		{host: "evil.test", loopback: true, want: http.StatusForbidden},
		{host: "127.0.0.1.evil.test:9090", loopback: true, want: http.StatusForbidden},
		{host: "localhost:9090", loopback: true, want: http.StatusOK},
		{host: "[::1]:9090", loopback: true, want: http.StatusOK},
		{host: "pollard.internal", want: http.StatusOK},
		{host: "pollard.internal", token: "of who reads", sent: "of who reads", loopback: true, want: http.StatusOK},
		{host: "pollard.internal", token: "of who reads", loopback: true, want: http.StatusUnauthorized},
	} {
		l := listen(t, func(o *Options) { o.Loopback, o.Access.ReadToken = test.loopback, test.token })
		lines := []string{"Host: " + test.host}
		if test.sent != "" {
			lines = append(lines, "Authorization: Bearer "+test.sent)
		}
		for _, target := range []string{"/metrics", "/api/v1/routes", "/api/v1/audit"} {
			if got := l.send(http.MethodGet, target, "", lines...).StatusCode; got != test.want {
				t.Errorf("%+v: %s: got %d", test, target, got)
			}
		}
		if got := l.send(http.MethodGet, "/livez", "", lines...).StatusCode; got != http.StatusOK {
			t.Errorf("%+v: got %d from /livez, want health for everybody", test, got)
		}
	}
}
