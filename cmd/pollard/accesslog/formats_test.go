package accesslog

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// read returns what a format makes of one line.
func read(t *testing.T, f Format, line string) (observe.Sighting, verdict) {
	t.Helper()
	var r record
	var s observe.Sighting
	v := f.newParser().parse([]byte(line), &r)
	if v == get {
		r.sighting(&s, &interner{})
	}
	s.Time = s.Time.UTC()
	return s, v
}

func testFormat(t testing.TB, name string) Format {
	t.Helper()
	if name == "json" {
		f, err := Mapped(customFields)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f, err := FormatNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.UTC()
}

func TestLinesSayWhatTheirServersMean(t *testing.T) {
	const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	browser := func(client, agent string) uint64 {
		return (&record{client: []byte(client), agent: []byte(agent)}).who()
	}
	user := func(name string) uint64 { return (&record{user: []byte(name)}).who() }
	const half = "2026-11-20T08:30:01Z"
	tests := []struct {
		name, format, line string
		time               string
		want               observe.Sighting
	}{
		{"nginx combined", "combined", nginxLine, half, observe.Sighting{
			Path: "/g/p/-/issues/1/realtime_changes", Query: "?last=2", Status: 304, Conditional: true,
			Who: browser("198.51.100.7", firefox)}},
		{"nginx main with times", "combined", nginxMainLine, half, observe.Sighting{
			Path: "/status", Status: 200, Bytes: 512, Took: 4 * time.Millisecond, Who: user("alice")}},
		{"GitLab's nginx, whose last field is a ratio", "combined", gitlabNginx, half, observe.Sighting{
			Path: "/status", Status: 200, Bytes: 512, Who: browser("198.51.100.7", "curl/8.5.0")}},
		{"common", "common", commonLine, "2000-10-10T20:55:36Z", observe.Sighting{
			Path: "/apache_pb.gif", Status: 200, Bytes: 2326, Who: user("frank")}},
		{"Apache with virtual host", "combined", vhostLine, half, observe.Sighting{
			Host: "www.example.com:443", Path: `/a\"b`, Status: 200, Who: user("frank smith")}},
		{"Traefik common", "combined", traefikCommon, half, observe.Sighting{
			Path: "/status", Status: 200, Bytes: 81, Took: 12 * time.Millisecond, Who: browser("192.168.1.4", "-")}},
		{"Caddy", "caddy", caddyLine, "2026-11-20T08:30:01Z", observe.Sighting{
			Host: "app.example", Path: "/status", Query: "?page=1", Status: 200, Bytes: 99, Took: 193625 * time.Microsecond,
			Conditional: true, Tag: `W/"abd"`, NoStore: true, SetsCookie: true, PollInterval: 3 * time.Second,
			Who: browser("198.51.100.7", "curl/8.17.0")}},
		{"Traefik JSON", "traefik", traefikLine, "2026-11-20T08:30:01.888831613Z", observe.Sighting{
			Host: "app.example", Path: "/status", Query: "?a=1&b=2", Status: 200, Bytes: 81, Took: 4123456,
			Who: browser("198.51.100.7", "curl/8.5.0")}},
		{"GitLab", "gitlab", gitlabLine, "2026-11-20T08:30:01.753Z", observe.Sighting{
			Path: "/team/project/-/merge_requests", Query: "?namespace_id=team&sort=a%26b%20c&label_name=%5B%22x%22%2C%22y%22%5D",
			Status: 200, Took: 355120 * time.Microsecond, Who: browser("198.51.100.7", "")}},
		{"GitLab's ETag cache", "gitlab", gitlabCached, "2026-11-20T08:30:02.001Z", observe.Sighting{
			Path: "/team/project/-/issues/1/realtime_changes", Status: 304, Conditional: true, Took: 41 * time.Microsecond,
			Who: browser("198.51.100.7", "")}},
		{"any JSON", "json", customLine, "2026-11-20T08:30:01.123Z", observe.Sighting{
			Host: "app.example", Path: "/status", Query: "?x=1", Status: 304, Conditional: true, Took: 12500 * time.Microsecond,
			Who: user("bob")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, v := read(t, testFormat(t, test.format), test.line)
			if v != get {
				t.Fatalf("got verdict %v, want a GET", v)
			}
			test.want.Time, test.want.Coarse = at(t, test.time), !strings.Contains(test.time, ".")
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestWhatIsNoGETIsToldFromWhatIsMalformed(t *testing.T) {
	tests := []struct {
		format, line string
		want         verdict
	}{
		{"combined", scannerLine, other},
		{"combined", postLine, other},
		{"combined", `198.51.100.7 - - [20/Nov/2026:08:30:02 +0000] "-" 408 0 "-" "-"`, other},
		{"combined", `198.51.100.7 - - [20/Nov/2026:08:30:02 +0000] "GET /a HTTP/1.1" 200`, malformed},
		{"combined", `198.51.100.7 - - [20/Nov/2026:08:30:02 +0000] "GET /a HTTP/1.1 200 5`, malformed},
		{"combined", `198.51.100.7 - - [31/Foo/2026:08:30:02 +0000] "GET /a HTTP/1.1" 200 5`, malformed},
		{"combined", `198.51.100.7 - - [20/Nov/2026:08:30:02 +0000] "GET /a HTTP/1.1" two 5`, malformed},
		{"combined", `2026/11/20 08:30:02 [error] 7#7: *1 connect() failed`, malformed},
		{"combined", caddyLine, malformed},
		{"caddy", caddyInfo, other},
		{"caddy", caddyLine[:len(caddyLine)-1], malformed},
		{"caddy", caddyLine + "}", malformed},
		{"caddy", traefikLine, other},
		{"traefik", caddyLine, other},
		{"gitlab", `{"method":"GET","path":"/a","status":200,"time":"yesterday"}`, malformed},
		{"gitlab", `{"method":"GET","path":"/a","status":0,"time":"2026-11-20T08:30:02.001Z"}`, other},
		{"gitlab", `{"method":"HEAD","path":"/a","status":200,"time":"2026-11-20T08:30:02.001Z"}`, other},
		{"gitlab", nginxLine, malformed},
	}
	for _, test := range tests {
		if _, got := read(t, testFormat(t, test.format), test.line); got != test.want {
			t.Errorf("%s: %s: got verdict %v, want %v", test.format, test.line, got, test.want)
		}
	}
}

func TestFormatsAreKnownByTheirLines(t *testing.T) {
	tests := []struct{ want, head string }{
		{"combined", nginxLine + "\n"},
		{"combined", commonLine + "\n" + scannerLine + "\n"},
		{"caddy", caddyInfo + "\n" + caddyInfo + "\n" + caddyLine + "\n"},
		{"traefik", traefikLine + "\n"},
		{"gitlab", gitlabLine + "\r\n" + gitlabCached + "\r\n"},
		{"", caddyInfo + "\n"},
		{"", customLine + "\n"},
		{"empty", ""},
		{"empty", "\n"},
	}
	for _, test := range tests {
		got, err := detect([]byte(test.head))
		if got.Name != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%q: got format %q and error %v, want %q", test.head, got.Name, err, test.want)
		}
	}
}

func TestMappingsSayWhatIsWrongWithThem(t *testing.T) {
	for _, pairs := range [][]string{
		{"time=ts", "path=uri"},
		{"time=ts", "path=uri", "status="},
		{"time=ts", "path=uri", "status=code", "colour=blue"},
		{"time"},
	} {
		if _, err := Mapped(pairs); err == nil {
			t.Errorf("%q: got no error", pairs)
		}
	}
}

func TestJSONLinesWithoutAMethodAreGETs(t *testing.T) {
	f, err := Mapped([]string{"time=t", "path=p", "status=s"})
	if err != nil {
		t.Fatal(err)
	}
	if s, v := read(t, f, `{"t":"2026-11-20 08:30:01","p":"/a","s":200}`); v != get || s.Path != "/a" {
		t.Errorf("got %+v, %v; want a GET of /a", s, v)
	}
}
