package viewer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

var allWays = map[string]Way{
	"WebSocket": WebSocket, "pollard.v1": PollardV1, "event stream": EventStream, "long poll": LongPoll, "cable": Cable,
}

// A speaker pushes these bodies, each way as docs/protocol.md has it, and ends.
type speaker struct {
	bodies []string
	broken bool // it ends without the word that is proper
}

func (s speaker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case websocket.IsWebSocketUpgrade(r):
		s.socket(w, r)
	case r.Header.Get("Prefer") != "":
		s.answer(w, r)
	default:
		s.stream(w)
	}
}

func (s speaker) socket(w http.ResponseWriter, r *http.Request) {
	u := websocket.Upgrader{Subprotocols: []string{"pollard.v1", "actioncable-v1-json"}}
	conn, err := u.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	frame, end := "%s", ""
	switch conn.Subprotocol() {
	case "pollard.v1":
		conn.ReadMessage() // what it has
		frame, end = `{"type":"document","etag":"\"2\"","body":%s}`, `{"type":"end","status":410}`
	case "actioncable-v1-json":
		conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"welcome"}`))
		conn.ReadMessage() // what it wants
		frame, end = `{"identifier":"i","message":{"type":"document","body":%s}}`, `{"type":"disconnect","reason":"remote"}`
	}
	for _, body := range s.bodies {
		conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, frame, body))
	}
	if s.broken {
		return
	}
	if end != "" {
		conn.WriteMessage(websocket.TextMessage, []byte(end))
	}
	conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4410, ""))
	conn.ReadMessage() // the client's own
}

func (s speaker) stream(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, "retry: 1000\n\n: a comment\n")
	for _, body := range s.bodies {
		fmt.Fprintf(w, "id: \"2\"\nevent: document\ndata: %s\n\n", body)
	}
	if !s.broken {
		fmt.Fprint(w, "event: end\ndata: {\"status\":410,\"reconnect\":false}\n\n")
	}
}

// answer tells bodies apart by the tag that the client says it has: its number is that of the next.
func (s speaker) answer(w http.ResponseWriter, r *http.Request) {
	var n int
	fmt.Sscanf(r.Header.Get("If-None-Match"), `"%d"`, &n)
	if n == len(s.bodies) {
		if s.broken {
			panic(http.ErrAbortHandler)
		}
		return // it has not waited
	}
	w.Header().Set("Preference-Applied", r.Header.Get("Prefer"))
	w.Header().Set("ETag", fmt.Sprintf(`"%d"`, n+1))
	fmt.Fprint(w, s.bodies[n])
}

// follow has a tab of alice watch what a server has, in one way, and returns what was counted.
func follow(t *testing.T, way Way, h http.Handler) (Counts, error) {
	t.Helper()
	s := httptest.NewServer(h)
	defer s.Close()
	return watchAt(t.Context(), t, way, s)
}

func watchAt(ctx context.Context, t *testing.T, way Way, s *httptest.Server) (Counts, error) {
	t.Helper()
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := *s.Client()
	client.Jar = jar
	one := &tab{browser: &browser{person: "alice", base: base, client: &client, check: legacy.CheckOwner}, way: way, count: &counter{}}
	err = one.follow(ctx, Page{"/page", "/poll"}, `"0"`)
	return one.count.load(), err
}

func TestEveryWayTakesWhatIsPushed(t *testing.T) {
	for name, way := range allWays {
		counts, err := follow(t, way, speaker{bodies: []string{`{"viewer":"alice"}`, `{"viewer":"alice","n":2}`}})
		if err != nil || counts.Pushed != 2 {
			t.Errorf("%s: got %+v and %v, want two states and an end that is no error", name, counts, err)
		}
	}
}

func TestWhatIsPushedForSomebodyElseIsNoticed(t *testing.T) {
	for name, way := range allWays {
		_, err := follow(t, way, speaker{bodies: []string{`{"viewer":"bob"}`}})
		if !errors.As(err, &foreignError{}) {
			t.Errorf("%s: got %v, want it to be named", name, err)
		}
	}
}

func TestAWatchThatBreaksOffIsAnError(t *testing.T) {
	for name, way := range allWays {
		if _, err := follow(t, way, speaker{broken: true}); err == nil {
			t.Errorf("%s: got no error for a watch that ended without a word", name)
		}
	}
}

func TestFramesThatSayNothingAreErrors(t *testing.T) {
	for _, way := range []Way{PollardV1, Cable} {
		if _, err := follow(t, way, speaker{bodies: []string{`]`}}); err == nil || !strings.Contains(err.Error(), "a frame that is no") {
			t.Errorf("got %v, want the frame to be named", err)
		}
	}
}

func TestARefusedWatchIsAReasonToPollOn(t *testing.T) {
	for name, way := range allWays {
		for _, status := range []int{http.StatusForbidden, http.StatusServiceUnavailable} {
			refuse := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
			if counts, err := follow(t, way, http.HandlerFunc(refuse)); err != nil || counts.Pushed != 0 {
				t.Errorf("%s, %d: got %+v and %v, want nothing to have happened", name, status, counts, err)
			}
		}
	}
}

func TestWhoeverLeavesSaysSo(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	heard := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			heard <- err
			return
		}
		defer conn.Close()
		leave()
		_, _, err = conn.ReadMessage()
		heard <- err
	}))
	defer s.Close()
	if _, err := watchAt(ctx, t, WebSocket, s); err != nil {
		t.Errorf("got %v, want an end that is no error", err)
	}
	if err := <-heard; !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("the server has heard %v, want 1001", err)
	}
}

func TestWhoeverLeavesWhileAWatchIsOpeningMeetsNoError(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer s.Close()
	for _, way := range []Way{WebSocket, PollardV1, Cable} {
		for range 50 {
			ctx, leave := context.WithTimeout(t.Context(), 5*time.Millisecond)
			if _, err := watchAt(ctx, t, way, s); err != nil {
				t.Fatalf("got %v, want an end that is no error", err)
			}
			leave()
		}
	}
}

func TestPeopleHaveTabsThatPollBeforeOthers(t *testing.T) {
	c := New(Options{Ways: []Way{Cable, WebSocket}})
	seen := map[Way]int{}
	for tab := range 200 {
		way := c.way(tab, 12)
		if tab < 24 && way != Polls {
			t.Errorf("tab %d: got %v, want it to poll", tab, way)
		}
		seen[way]++
	}
	if seen[Polls] != 156 || seen[Cable] != 22 || seen[WebSocket] != 22 {
		t.Errorf("got %v, want a quarter of all further tabs to take push, shared out evenly", seen)
	}
}
