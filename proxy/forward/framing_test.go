package forward

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
)

// Whatever is taken for a response must be one that net/http reads in the same way, because
// that is what most of those who are given it do.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		ok, "HTTP/1.0 404\r\n\r\nabc", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
		"HTTP/1.1 103 E\r\n\r\n" + ok, "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc", "HTTP/1.1 204 N\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nabc",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, wire string) {
		c := &call{req: httptest.NewRequest("GET", "/", nil)}
		c.link = &link{br: bufio.NewReader(strings.NewReader(wire))}
		c.link.text = textproto.NewReader(c.link.br)
		h, err := readHead(c.link.text)
		if err != nil || h.status < 200 {
			return
		}
		b, resp, err := c.frame(h)
		if err != nil {
			return
		}
		theirs, err := http.ReadResponse(bufio.NewReader(strings.NewReader(wire)), c.req)
		if err != nil {
			return // they refuse what we forgive
		}
		if resp.StatusCode != theirs.StatusCode {
			t.Errorf("status %d, theirs %d", resp.StatusCode, theirs.StatusCode)
		}
		if b == nil || strings.Contains(wire, " :") {
			return // they do not remove the space before a colon
		}
		ours, ourErr := io.ReadAll(b.from)
		their, theirErr := io.ReadAll(theirs.Body)
		if string(ours) != string(their) && ourErr == nil && theirErr == nil {
			t.Errorf("body %q, theirs %q", ours, their)
		}
	})
}

func TestStatusLines(t *testing.T) {
	for line, want := range map[string]head{
		"HTTP/1.1 200 OK":        {minor: 1, status: 200, line: "200 OK"},
		"HTTP/1.1 200":           {minor: 1, status: 200, line: "200"},
		"HTTP/1.1 200 ":          {minor: 1, status: 200, line: "200 "},
		"HTTP/1.0 404 Not Found": {minor: 0, status: 404, line: "404 Not Found"},
		"HTTP/1.9 999 Non sense": {minor: 1, status: 999, line: "999 Non sense"},
	} {
		got, err := parseStatusLine(line)
		if err != nil || got.minor != want.minor || got.status != want.status || got.line != want.line {
			t.Errorf("%q: got %+v, %v, want %+v", line, got, err, want)
		}
	}
}
