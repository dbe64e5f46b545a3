package admin

import (
	"fmt"
	"strings"
	"testing"
)

func TestATouchSaysWhatItMet(t *testing.T) {
	l := listen(t, onLoopback)
	for i := range 20 {
		l.poll("/d/1", fmt.Sprint("sid=", i))
	}
	held := decode[touched](t, l.send("POST", "/api/v1/touch", `{"paths":["/d/1"]}`)).Touched
	if held == 0 || held > 20 {
		t.Fatalf("met %d documents, want those of the actors on the rung", held)
	}
	tests := []struct{ content, want string }{
		{`{"paths":["/d/1","/d/2"]}`, fmt.Sprintf(`{"touched":%d}`, held)},
		{`{"patterns":["/**"]}`, fmt.Sprintf(`{"touched":%d}`, held)},
		{`{"paths":["/d/*"]}`, fmt.Sprintf(`{"touched":%d}`, held)},
		{`{"paths":["/d/1?x=*"]}`, `{"touched":0}`},
		{`{"paths":["/d/1?x"]}`, `{"touched":0}`},
		{`{"heartbeat":true}`, `{"touched":0}`},
		{`{"paths":["/nowhere","/d/1"],"patterns":["/nowhere/*"]}`, fmt.Sprintf(`{"touched":%d,"no_route":1,"no_route_paths":["/nowhere"]}`, held)},
	}
	for _, test := range tests {
		resp := l.send("POST", "/api/v1/touch", test.content)
		if got := strings.TrimSpace(body(t, resp)); resp.StatusCode != 202 || got != test.want {
			t.Errorf("%s: got %d %s, want 202 %s", test.content, resp.StatusCode, got, test.want)
		}
	}
}

func TestWhatIsWrongWithATouchIsSaid(t *testing.T) {
	many := func(n int, of string) string { return strings.TrimSuffix(strings.Repeat(of+",", n), ",") }
	tests := []struct {
		name, content string
		status        int
		says          string
	}{
		{"nothing", ``, 400, `{"paths":["/…"]}`},
		{"an empty object", `{}`, 400, `{"paths":["/…"]}`},
		{"no JSON", `paths`, 400, "no touch"},
		{"an unknown field", `{"path_s":["/d/1"]}`, 400, "path_s"},
		{"another type", `{"paths":"/d/1"}`, 400, "paths"},
		{"two objects", `{"heartbeat":true}{}`, 400, "more than one"},
		{"a bad pattern", `{"patterns":["d"]}`, 400, "does not begin with /"},
		{"ten thousand paths", `{"paths":[` + many(10_000, `"/d/1"`) + `]}`, 202, `"touched":0`},
		{"one path more", `{"paths":[` + many(10_001, `"/d/1"`) + `]}`, 413, "at most 10000 paths"},
		{"a hundred thousand paths", `{"paths":[` + many(100_000, `"/d/1"`) + `]}`, 413, "at most 10000 paths"},
		{"many patterns", `{"patterns":[` + many(101, `"/d/*"`) + `]}`, 413, "100 patterns"},
		{"a megabyte and more", `{"paths":["/` + strings.Repeat("x", 1<<20) + `"]}`, 413, "1048576 bytes"},
		{"a path without a body", `{"path":"/d/1"}`, 400, `"body"`},
		{"a representation and paths", `{"path":"/d/1","body":"","paths":["/d/1"]}`, 400, "no touch"},
		{"a representation of no route", `{"path":"/x","body":"","etag":"\"v\""}`, 404, "no route"},
		{"a representation of what is not public", `{"path":"/d/1","body":"x","etag":"\"v\""}`, 409, "share: nothing"},
	}
	l := listen(t, onLoopback)
	for _, test := range tests {
		resp := l.send("POST", "/api/v1/touch", test.content)
		if said := body(t, resp); resp.StatusCode != test.status || !strings.Contains(said, test.says) {
			t.Errorf("%s: got %d %.200s, want %d with %q", test.name, resp.StatusCode, said, test.status, test.says)
		}
	}
}

func TestATouchIsForThoseWhoMayChangeThings(t *testing.T) {
	l := listen(t, func(o *Options) { o.Access.Token, o.Access.ReadToken, o.Loopback = "write", "read", true })
	for line, want := range map[string]int{"Authorization: Bearer write": 202, "Authorization: Bearer read": 401, "X-Other: x": 401} {
		if resp := l.send("POST", "/api/v1/touch", `{"heartbeat":true}`, line); resp.StatusCode != want {
			t.Errorf("%s: got %s, want %d", line, resp.Status, want)
		}
	}
	open := listen(t, onLoopback)
	if resp := open.send("POST", "/api/v1/touch", `{"heartbeat":true}`, "Origin: https://evil.test"); resp.StatusCode != 403 {
		t.Errorf("from another site's page: got %s, want 403", resp.Status)
	}
}
