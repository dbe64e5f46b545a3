package forward

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Each response of the upstream is compared with all that the client receives.
func TestWhatTheClientReceives(t *testing.T) {
	const closing = "Connection: close\r\n"
	for name, c := range map[string]struct{ request, response, want string }{
		"nothing is invented": {get,
			"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
			"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n" + closing + "\r\n<html>"},
		"repeated fields stay apart and in order": {get,
			"HTTP/1.1 200 OK\r\nSet-Cookie: b=2\r\nVia: 1.1 b\r\nSet-Cookie: a=1\r\nWWW-Authenticate: Basic\r\nVia: 1.1 a\r\nWWW-Authenticate: Digest\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: b=2\r\nSet-Cookie: a=1\r\nVia: 1.1 b\r\nVia: 1.1 a\r\nWww-Authenticate: Basic\r\nWww-Authenticate: Digest\r\n" + closing + "\r\n"},
		"hop-by-hop fields stay behind": {get,
			"HTTP/1.1 200 OK\r\nConnection: X-One, keep-alive\r\nKeep-Alive: timeout=5\r\nX-One: 1\r\nX-Two: 2\r\nProxy-Authenticate: x\r\nUpgrade: h2\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Two: 2\r\n" + closing + "\r\n"},
		"type and date as they came": {get,
			"HTTP/1.1 200 OK\r\nDate: then\r\nContent-Type:\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Type: \r\nDate: then\r\n" + closing + "\r\n"},
		"Pragma adds no Cache-Control": {get,
			"HTTP/1.1 200 OK\r\nPragma: no-cache\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nPragma: no-cache\r\n" + closing + "\r\n"},
		"coded content is not touched": {strings.Replace(get, "\r\n\r\n", "\r\nAccept-Encoding: gzip\r\n\r\n", 1),
			"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
			"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n" + closing + "\r\n\x1f\x8b\x08\x00"},
		"chunked": {get,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
			"HTTP/1.1 200 OK\r\n" + closing + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"},
		"chunked and empty": {get,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"HTTP/1.1 200 OK\r\n" + closing + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		"delimited by the end of the connection": {get,
			"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc",
			"HTTP/1.1 200 OK\r\n" + closing + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
		"HTTP/1.0 upstream": {get,
			"HTTP/1.0 200 OK\r\nX: Connection: close\r\n\r\nabc",
			"HTTP/1.1 200 OK\r\nX: Connection: close\r\n" + closing + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
		"HTTP/1.0 client, length known": {"GET / HTTP/1.0\r\n\r\n", ok,
			"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"HTTP/1.0 client, length unknown": {"GET / HTTP/1.0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
			"HTTP/1.0 200 OK\r\n\r\nabc"},
		"HTTP/1.0 client gets no interim response": {"GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok,
			"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
		"announced trailers": {get,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, X-Never\r\nTrailer: x-other\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\nX-Other: 3\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTrailer: X-Never, X-Other, X-Sum\r\n" + closing + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Other: 3\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n"},
		"unannounced trailers": {get,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n",
			"HTTP/1.1 200 OK\r\n" + closing + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n"},
		"a trailer named like a field": {get,
			"HTTP/1.1 200 OK\r\nX: head\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: tail\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTrailer: X\r\nX: head\r\n" + closing + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: tail\r\n\r\n"},
		"HEAD with a length": {strings.Replace(get, "GET", "HEAD", 1),
			"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: a/b\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: a/b\r\n" + closing + "\r\n"},
		"HEAD without": {strings.Replace(get, "GET", "HEAD", 1),
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			"HTTP/1.1 200 OK\r\n" + closing + "\r\n"},
		"304 with all its fields": {get,
			"HTTP/1.1 304 Not Modified\r\nETag: W/\"x\"\r\nContent-Length: 1000\r\nContent-Type: a/b\r\nPoll-Interval: 3000\r\n\r\n",
			"HTTP/1.1 304 Not Modified\r\nEtag: W/\"x\"\r\nPoll-Interval: 3000\r\ncontent-length: 1000\r\ncontent-type: a/b\r\n" + closing + "\r\n"},
		"304 without": {get,
			"HTTP/1.1 304 Not Modified\r\n\r\n",
			"HTTP/1.1 304 Not Modified\r\n" + closing + "\r\n"},
		"204": {get,
			"HTTP/1.1 204 No Content\r\n\r\n",
			"HTTP/1.1 204 No Content\r\n" + closing + "\r\n"},
		"partial content": {strings.Replace(get, "\r\n\r\n", "\r\nRange: bytes=1-2\r\n\r\n", 1),
			"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 1-2/9\r\nContent-Length: 2\r\n\r\nbc",
			"HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nContent-Range: bytes 1-2/9\r\n" + closing + "\r\nbc"},
		"a redirect is not followed": {get,
			"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /b\r\n" + closing + "\r\n"},
		"an error is an answer": {get,
			"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 9\r\n" + closing + "\r\n"},
		"equal lengths are one": {get,
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + closing + "\r\nok"},
		"space before a colon is removed": {get,
			"HTTP/1.1 200 OK\r\nContent-Length : 2\r\nX: 1\r\nX  : 2\r\n\r\nok",
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: 1\r\nX: 2\r\n" + closing + "\r\nok"},
		"folded lines are unfolded": {get,
			"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: a b\r\n" + closing + "\r\n"},
		"early hints": {get,
			"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X\r\nX: y\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n" + ok,
			"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n" +
				"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + closing + "\r\nok"},
	} {
		t.Run(name, func(t *testing.T) {
			u, _ := answering(t, c.response)
			d := front(t, u)
			if got := d.ask(t, c.request); got != c.want {
				t.Errorf("client received\n%q, want\n%q", got, c.want)
			}
			if r := <-d.results; r.Err != nil {
				t.Errorf("result: %+v", r)
			}
		})
	}
}

func TestReceivedMayChangeTheHeader(t *testing.T) {
	u, _ := answering(t, ok)
	d := frontWith(t, u, func(x *Exchange) {
		x.Received = func(resp *http.Response) { resp.Header.Set("Cache-Status", "pollard; fwd=miss") }
	})
	if got := d.ask(t, get); !strings.Contains(got, "\r\nCache-Status: pollard; fwd=miss\r\n") {
		t.Errorf("client received %q", got)
	}
	if got, want := <-d.results, (Result{Status: 200, Sent: 2}); got != want {
		t.Errorf("result %+v, want %+v", got, want)
	}
}

func TestHTTP2ClientsGetTheSame(t *testing.T) {
	u, _ := answering(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: b\r\nSet-Cookie: a\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n")
	d := front(t, u)
	resp := askHTTP2(t, d, "GET", nil)
	body, err := io.ReadAll(resp.Body)
	if string(body) != "a" || err != nil {
		t.Errorf("body %q, %v", body, err)
	}
	if got := resp.Trailer.Get("X-Sum"); got != "1" {
		t.Errorf("trailer %q, want 1", got)
	}
	if got := strings.Join(resp.Header["Set-Cookie"], "|"); got != "b|a" {
		t.Errorf("Set-Cookie %q, want b|a", got)
	}
	for _, name := range []string{"Date", "Content-Type", "Content-Length"} {
		if got, there := resp.Header[name]; there {
			t.Errorf("%s %q was invented", name, got)
		}
	}
}

func TestEventsAreWithTheClientBeforeTheNextComes(t *testing.T) {
	for name, framing := range map[string]struct{ head, first, second string }{
		"chunked":         {"Transfer-Encoding: chunked\r\n", "8\r\ndata: 1\n\r\n", "8\r\ndata: 2\n\r\n0\r\n\r\n"},
		"until the close": {"Connection: close\r\n", "data: 1\n", "data: 2\n"},
		"length known":    {"Content-Length: 16\r\n", "data: 1\n", "data: 2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan struct{})
			u := upstream(t, func(k *talker) {
				k.head()
				k.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%s\r\n", framing.head)
				<-seen
				k.say("%s", framing.first)
				<-seen
				k.say("%s", framing.second)
			})
			d := front(t, u)
			resp, err := d.Client().Get(d.URL) // the head is there before any event
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			event := make([]byte, len("data: 1\n"))
			for _, want := range []string{"data: 1\n", "data: 2\n"} {
				seen <- struct{}{}
				if _, err := io.ReadFull(resp.Body, event); string(event) != want || err != nil {
					t.Errorf("got %q, %v, want %q", event, err, want)
				}
			}
		})
	}
}
