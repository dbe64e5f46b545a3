package push_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/push"
)

// eventStream reads server-sent events as the HTML Standard §9.2.6 says.
type eventStream struct {
	t     testing.TB
	body  io.Closer
	lines *bufio.Scanner
	retry string
}

// event is what a page sees of one.
type event struct{ id, name, data string }

func (s *scene) events(user string, fields ...string) *eventStream {
	s.t.Helper()
	resp := s.do(s.eventsRequest(user, fields...))
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("got status %d, want 200", resp.StatusCode)
	}
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
		if got := resp.Header.Get(name); got != want {
			s.t.Errorf("got %s: %s, want %s", name, got, want)
		}
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return &eventStream{t: s.t, body: resp.Body, lines: lines}
}

func (s *scene) eventsRequest(user string, fields ...string) *http.Request {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://app.test/poll", nil)
	if err != nil {
		s.t.Fatalf("making a request: %v", err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Cookie", user)
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// next returns the next event; at the end of the stream, none.
func (e *eventStream) next() event {
	var got event
	var data []string
	for e.lines.Scan() {
		name, value, _ := strings.Cut(e.lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "id":
			got.id = value
		case "event":
			got.name = value
		case "data":
			data = append(data, value)
		case "retry":
			e.retry = value
		}
		if e.lines.Text() == "" && data != nil {
			got.data = strings.Join(data, "\n")
			return got
		}
	}
	return event{}
}

func (e *eventStream) want(want event) {
	e.t.Helper()
	if got := e.next(); got != want {
		e.t.Errorf("got event %+v, want %+v", got, want)
	}
}

// documentEvent is the event of a body.
func documentEvent(body string) event {
	return event{string(tagOf(body)), "document", strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(body)}
}

func TestAnEventStreamIsSentDocuments(t *testing.T) {
	playOnce(t, push.Options{}, func(s *scene) {
		e := s.events("ann")
		e.want(documentEvent(`{"state":0}`))
		for _, body := range []string{"", "\n", "a\nb", "a\r\nb\rc\n\n", " leading", ":colon", "data: x\n\nevent: y", "é\u2028"} {
			s.up.set(body)
			e.want(documentEvent(body))
		}
		e.body.Close()
	})
}

func TestAnEventStreamResumes(t *testing.T) {
	playOnce(t, push.Options{WriteTimeout: time.Hour}, func(s *scene) {
		e := s.events("ann", "Last-Event-ID: "+string(tagOf(`{"state":0}`)))
		time.Sleep(10 * interval)
		s.up.set(`{"state":1}`)
		e.want(documentEvent(`{"state":1}`))
		e.body.Close()

		e = s.events("ann", "Last-Event-ID: "+string(tagOf(`{"state":0}`)))
		e.want(documentEvent(`{"state":1}`))
		e.body.Close()
	})
}

func TestAnEventStreamShowsThatItLives(t *testing.T) {
	playOnce(t, push.Options{}, func(s *scene) {
		e := s.events("ann")
		e.next()
		comments := 0
		began := time.Now()
		for time.Since(began) < 5*time.Minute && e.lines.Scan() {
			if strings.HasPrefix(e.lines.Text(), ":") {
				comments++
			}
		}
		if comments < 19 || comments > 21 {
			t.Errorf("got %d comments in 5 minutes, want one every 15 s", comments)
		}
		e.body.Close()
	})
}

func TestAnEventStreamEndsWithUpstreamsWord(t *testing.T) {
	playOnce(t, push.Options{}, func(s *scene) {
		e := s.events("ann")
		e.next()
		s.up.set("another")
		s.up.answer(http.StatusForbidden)
		e.want(event{"", "end", `{"status":403,"reconnect":false}`})
		e.want(event{})
	})
}

func TestAnEventStreamIsToldWhenToComeBack(t *testing.T) {
	playOnce(t, push.Options{}, func(s *scene) {
		e := s.events("ann")
		e.next()
		if ms, err := strconv.Atoi(e.retry); err != nil || ms < 1000 {
			t.Errorf("at first: got retry %q, want a second at least", e.retry)
		}
		go s.hub.Close()
		e.want(event{"", "end", `{"status":503,"reconnect":true}`})
		if e.retry != "0" {
			t.Errorf("alone, sent away: got retry %q, want 0", e.retry)
		}
		e.body.Close()
	})
}

func TestAnEventStreamIsRefused(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(*upstream, *http.Request)
		want    int
	}{
		{"HEAD", func(_ *upstream, r *http.Request) { r.Method = http.MethodHead }, 405},
		{"POST", func(_ *upstream, r *http.Request) { r.Method = http.MethodPost }, 405},
		{"403", func(u *upstream, _ *http.Request) { u.answer(403) }, 403},
		{"no answer", func(u *upstream, _ *http.Request) { u.fail(errors.New("connection refused")) }, 502},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			playOnce(t, push.Options{}, func(s *scene) {
				r := s.eventsRequest("ann")
				test.prepare(s.up, r)
				if resp := s.do(r); resp.StatusCode != test.want || resp.ContentLength > 0 {
					t.Errorf("got status %d, length %d; want %d and no body", resp.StatusCode, resp.ContentLength, test.want)
				}
			})
		})
	}
}

func TestAReaderOfEventsWhoHangsUpIsGone(t *testing.T) {
	playOnce(t, push.Options{}, func(s *scene) {
		e := s.events("ann")
		e.next()
		e.body.Close()
		synctest.Wait()
		if got := s.hub.Count(); got != 0 {
			t.Errorf("%d connections, want 0", got)
		}
	})
}

func TestAReaderOfEventsWhoTakesNothingInIsDropped(t *testing.T) {
	playOnce(t, push.Options{WriteTimeout: 10 * time.Second}, func(s *scene) {
		conn, err := s.dial(context.Background())
		if err != nil {
			t.Fatalf("dialling: %v", err)
		}
		fmt.Fprintf(conn, "GET /poll HTTP/1.1\r\nHost: app.test\r\nAccept: text/event-stream\r\n\r\n")
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if got := s.hub.Count(); got != 0 {
			t.Errorf("%d connections, want 0", got)
		}
		conn.Close()
	})
}

func TestEventsWorkOverHTTP2(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening: %v", err)
	}
	s := newScene(t, push.Options{}, l)
	defer s.close()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	defer transport.CloseIdleConnections()

	r := s.eventsRequest("ann")
	r.URL.Host = l.Addr().String()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatalf("asking: %v", err)
	}
	if resp.ProtoMajor != 2 {
		t.Errorf("got %s, want HTTP/2", resp.Proto)
	}
	e := &eventStream{t: t, body: resp.Body, lines: bufio.NewScanner(resp.Body)}
	e.want(documentEvent(`{"state":0}`))
	s.c.SignedOut(hashOf("identity", "ann"))
	e.want(event{"", "end", `{"status":401,"reconnect":false}`})
	e.want(event{})
}
