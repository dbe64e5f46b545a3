package browser

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

func ask(method string, fields map[string]string) *http.Response {
	r := httptest.NewRequest(method, "/-/pollard/client.js", nil)
	for name, value := range fields {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestScriptIsServedInTheCodingThatTheClientTakes(t *testing.T) {
	for _, c := range []struct{ accept, coding string }{
		{"", ""},
		{"gzip", "gzip"},
		{"br, GZIP;q=0.5", "gzip"},
		{"deflate, gzip;q=0.0", ""},
		{"gzip;q=0.001", "gzip"},
		{"*", ""},
		{"xgzip", ""},
	} {
		resp := ask("GET", map[string]string{"Accept-Encoding": c.accept})
		if got := resp.Header.Get("Content-Encoding"); resp.StatusCode != 200 || got != c.coding {
			t.Errorf("Accept-Encoding: %s: status %d, Content-Encoding %q, want 200, %q", c.accept, resp.StatusCode, got, c.coding)
		}
		if got := decoded(t, resp); !bytes.Equal(got, script) {
			t.Errorf("Accept-Encoding: %s: the body is not the script, but %d bytes", c.accept, len(got))
		}
		for name, want := range map[string]string{
			"Content-Type": "text/javascript; charset=utf-8", "X-Content-Type-Options": "nosniff",
			"Vary": "Accept-Encoding", "Cache-Control": "public, max-age=600",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

// decoded returns the body without its content coding, and checks its length.
func decoded(t *testing.T, resp *http.Response) []byte {
	t.Helper()
	body, _ := io.ReadAll(resp.Body)
	if got, want := resp.Header.Get("Content-Length"), strconv.Itoa(len(body)); got != want {
		t.Errorf("Content-Length: %s, want %s", got, want)
	}
	if resp.Header.Get("Content-Encoding") == "" {
		return body
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestScriptIsRevalidatedInItsCoding(t *testing.T) {
	plain := ask("GET", nil).Header.Get("ETag")
	small := ask("GET", map[string]string{"Accept-Encoding": "gzip"}).Header.Get("ETag")
	if plain == "" || plain == small || strings.HasPrefix(plain, "W/") {
		t.Fatalf("tags %s and %s, want two strong ones", plain, small)
	}
	for _, c := range []struct {
		condition, accept string
		want              int
	}{
		{plain, "", 304},
		{small, "gzip", 304},
		{`"other", W/` + small, "gzip", 304},
		{plain, "gzip", 200},
		{"*", "", 304},
	} {
		resp := ask("GET", map[string]string{"If-None-Match": c.condition, "Accept-Encoding": c.accept})
		if resp.StatusCode != c.want || resp.Header.Get("ETag") == "" {
			t.Errorf("If-None-Match: %s with Accept-Encoding: %s: status %d, want %d, and a tag", c.condition, c.accept, resp.StatusCode, c.want)
		}
		if body, _ := io.ReadAll(resp.Body); c.want == 304 && len(body) > 0 {
			t.Errorf("a 304 has a body of %d bytes", len(body))
		}
	}
}

func TestHeadHasTheFieldsOfGetAndNoBody(t *testing.T) {
	resp := ask("HEAD", nil)
	if body, _ := io.ReadAll(resp.Body); len(body) > 0 || resp.Header.Get("Content-Length") != strconv.Itoa(len(script)) {
		t.Errorf("HEAD: %d bytes of body, Content-Length %s", len(body), resp.Header.Get("Content-Length"))
	}
}

func TestScriptCanOnlyBeRead(t *testing.T) {
	resp := ask("POST", nil)
	if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: status %d, Allow: %s; want 405, GET, HEAD", resp.StatusCode, resp.Header.Get("Allow"))
	}
}
