package forward

import (
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// stood returns an endpoint that no request was sent to.
func stood(pending int64, priority uint16, adapt ...func(*standing)) *endpoint {
	e := &endpoint{place: place{priority: priority}}
	e.standing.most = time.Hour
	e.pending.Store(pending)
	for _, a := range adapt {
		a(&e.standing)
	}
	return e
}

func TestTheLeastPendingOfTheSoundestIsChosen(t *testing.T) {
	fails := func(s *standing) { s.failed() }
	leaves := func(s *standing) { s.signed() }
	unfit := func(s *standing) { s.unfit.Store(true) }
	for name, test := range map[string]struct {
		all  []*endpoint
		want int
	}{
		"one":                         {[]*endpoint{stood(9, 0, fails)}, 0},
		"fewer requests":              {[]*endpoint{stood(2, 0), stood(1, 0), stood(3, 0)}, 1},
		"priority before requests":    {[]*endpoint{stood(0, 2), stood(9, 1)}, 1},
		"soundness before priority":   {[]*endpoint{stood(0, 1, leaves), stood(9, 2)}, 1},
		"doubted before ejected":      {[]*endpoint{stood(0, 0, fails), stood(9, 0, leaves)}, 1},
		"doubted before unfit":        {[]*endpoint{stood(0, 0, unfit), stood(9, 0, leaves)}, 1},
		"the last is never given up":  {[]*endpoint{stood(2, 0, fails), stood(1, 0, unfit)}, 1},
		"leaving and failing is both": {[]*endpoint{stood(0, 0, leaves, fails), stood(1, 0, fails)}, 0},
	} {
		if got := choose(test.all, nil); got != test.all[test.want] {
			t.Errorf("%s: got another than number %d", name, test.want)
		}
	}
}

func TestWhatWasTriedIsNotChosenAgain(t *testing.T) {
	a, b := stood(0, 0), stood(5, 0)
	if got := choose([]*endpoint{a, b}, []*endpoint{a}); got != b {
		t.Error("got the one that was tried")
	}
	if got := choose([]*endpoint{a, b}, []*endpoint{a, b}); got != nil {
		t.Error("got one though all were tried")
	}
}

func TestOfEqualsAnyIsChosen(t *testing.T) {
	all := []*endpoint{stood(1, 0), stood(1, 0), stood(1, 0), stood(2, 0)}
	chosen := map[*endpoint]int{}
	for range 1000 {
		chosen[choose(all, nil)]++
	}
	for i, e := range all[:3] {
		if chosen[e] == 0 {
			t.Errorf("number %d was never chosen of 1000", i)
		}
	}
	if chosen[all[3]] > 0 {
		t.Error("the busiest was chosen")
	}
}

// several returns a Forwarder to all, of which the first is chosen first.
func several(t *testing.T, eject time.Duration, all ...*url.URL) *Forwarder {
	t.Helper()
	f := New(Options{Terms: Terms{Upstream: all, Endpoints: EndpointOptions{Eject: eject}}})
	t.Cleanup(f.Close)
	for _, e := range at(f)[1:] {
		e.pending.Add(1)
	}
	return f
}

// at returns the endpoints of f.
func at(f *Forwarder) []*endpoint { return *f.terms.Load().fleet.all.Load() }

// refusing is an address where nobody listens.
func refusing(t *testing.T) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

// send sends one request and returns its status, 0 for none, and how often it was sent.
func send(t *testing.T, f *Forwarder, method, body string) (status, attempts int, err error) {
	t.Helper()
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	ctx := WithAttempt(t.Context(), "", func() { attempts++ })
	resp, err := f.RoundTrip(f.Outgoing(ctx, r, "/"))
	if err != nil {
		return 0, attempts, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, attempts, err
}

func TestWhatIsNotAnsweredGoesToAnotherEndpointIfItMay(t *testing.T) {
	mute := func(t *testing.T) *url.URL { return upstream(t, func(k *talker) { k.head() }) }
	garbage := func(t *testing.T) *url.URL { return upstream(t, func(k *talker) { k.head(); k.say("what?\r\n\r\n") }) }
	for name, test := range map[string]struct {
		first            func(*testing.T) *url.URL
		method, body     string
		status, attempts int
		err              error
	}{
		"a GET that nobody takes":         {refusing, "GET", "", 200, 1, nil},
		"a POST that nobody takes":        {refusing, "POST", "x", 200, 1, nil},
		"a GET without an answer":         {mute, "GET", "", 200, 2, nil},
		"a HEAD without an answer":        {mute, "HEAD", "", 200, 2, nil},
		"a POST without an answer":        {mute, "POST", "x", 0, 1, ErrUnreachable},
		"an empty POST without an answer": {mute, "POST", "", 0, 1, ErrUnreachable},
		"a DELETE without an answer":      {mute, "DELETE", "", 0, 1, ErrUnreachable},
		"a GET with a body":               {mute, "GET", "x", 0, 1, ErrUnreachable},
		"a GET that was answered somehow": {garbage, "GET", "", 0, 1, ErrGarbage},
	} {
		t.Run(name, func(t *testing.T) {
			head := strings.Replace(ok, "ok", "", 1)
			if test.method != "HEAD" {
				head = ok
			}
			second := upstream(t, func(k *talker) { k.head(); k.say("%s", head); k.broken() })
			f := several(t, time.Minute, test.first(t), second)
			status, attempts, err := send(t, f, test.method, test.body)
			if status != test.status || attempts != test.attempts || !errors.Is(err, test.err) {
				t.Errorf("got %d after %d attempts (%v), want %d after %d (%v)", status, attempts, err, test.status, test.attempts, test.err)
			}
			if first := at(f)[0]; test.err != ErrGarbage && first.standing.rank(time.Now()) != ejected {
				t.Error("the endpoint that failed is not left alone")
			}
			for i, want := range []int64{0, 1} {
				if got := at(f)[i].pending.Load(); got != want {
					t.Errorf("endpoint %d: got %d requests under way, want %d", i, got, want)
				}
			}
		})
	}
}

func TestAnEndpointThatClosesIsNotSentMore(t *testing.T) {
	const last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
	for name, test := range map[string]struct {
		leave func(k *talker)
		gets  int // that it takes
	}{
		"it says so":                    {func(k *talker) { k.head(); k.say(last) }, 1},
		"it closes an idle connection":  {func(k *talker) { k.head(); k.say(ok) }, 1},
		"it resets a connection in use": {func(k *talker) { k.head(); k.say(ok); k.head(); k.reset() }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan struct{}, 10)
			first := upstream(t, func(k *talker) { test.leave(k); k.Close(); closed <- struct{}{} })
			served := make(chan struct{}, 10)
			second := upstream(t, func(k *talker) {
				for k.head() != "" {
					served <- struct{}{}
					k.say(ok)
				}
			})
			f := several(t, time.Minute, first, second)
			for range test.gets {
				if status, _, err := send(t, f, "GET", ""); status != 200 {
					t.Fatal(err)
				}
			}
			<-closed
			before := len(served)
			for range 3 {
				if status, attempts, err := send(t, f, "POST", ""); status != 200 || attempts != 1 {
					t.Errorf("got %d after %d attempts (%v)", status, attempts, err)
				}
			}
			if got := len(served) - before; got != 3 {
				t.Errorf("got %d of 3 requests at the one that stays", got)
			}
		})
	}
}
