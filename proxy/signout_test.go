package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
)

// ends returns how a watcher's connection was closed, "" if it is open.
func (in *inbox) ends() string {
	for _, m := range in.all() {
		if strings.HasPrefix(m, "close") {
			return m
		}
	}
	return ""
}

func TestASessionThatIsRevokedElsewhereIsToldNothingNewAndEndsWithinTheLease(t *testing.T) {
	for _, changes := range []bool{true, false} {
		app := newApplication()
		playSite(t, app.ServeHTTP, func(s *site) {
			bare, objects := s.watch("/doc", "", alice).heard(), s.watch("/doc", "pollard.v1", alice).heard()
			c, cable := s.cable(alice)
			c.subscribe("/doc")
			resp, stream := s.stream("/doc", alice)
			events := heardEvents(resp, stream)
			other := s.watch("/doc", "", bob).heard()
			time.Sleep(20 * time.Second)
			app.revoke("a")
			if changes {
				app.change()
			}
			revoked := time.Now()
			for bare.ends() == "" && time.Since(revoked) < time.Hour {
				time.Sleep(time.Second)
			}
			if took := time.Since(revoked); took > time.Minute {
				t.Errorf("the watch ended %v after the session, want within the lease", took)
			}
			for name, in := range map[string]*inbox{"bare": bare, "objects": objects} {
				if got := in.ends(); got != "close 4401" {
					t.Errorf("%s: ended with %q, want close 4401", name, got)
				}
				if got := fmt.Sprint(in.all()); strings.Contains(got, `"version":1`) || strings.Contains(got, "secret") {
					t.Errorf("%s: was told %s after its session had ended", name, got)
				}
			}
			if got := objects.answers(`{"type":"end","status":401,"reconnect":false}`); got != 1 {
				t.Errorf("got %q, want one end with 401", objects.all())
			}
			if got := cable.answers(`{"type":"disconnect","reason":"unauthorized","reconnect":false}`); got != 1 || cable.ends() != "close 4401" {
				t.Errorf("cable: got %q, want it disconnected as unauthorized", cable.all())
			}
			if got := events.answers(`event: end data: {"status":401,"reconnect":false}`); got != 1 || events.answers(`"version":1`) > 0 {
				t.Errorf("got events %q, want the first state and an end with 401", events.all())
			}
			time.Sleep(5 * time.Second)
			if got := other.all(); other.ends() != "" || changes && got[len(got)-1] != bodyOf("bob", 1) {
				t.Errorf("the other one got %q, want to watch on", got)
			}
		}, polled("/doc", pushed))
	}
}

func TestSigningOutEndsTheWatchesOfThatIdentityAlone(t *testing.T) {
	tests := []struct {
		name   string
		what   string
		lines  []string
		status int
		fields []string
		ends   bool
	}{
		{"a request that signs out", "POST /users/sign_out", []string{alice}, 302, nil, true},
		{"the same by another browser header", "POST /users/sign_out", []string{alice, "Accept: text/html", "User-Agent: x"}, 200, nil, true},
		{"a session cookie that is cleared by age", "POST /any", []string{alice}, 302, []string{"sid=; Path=/; Max-Age=0"}, true},
		{"one that is cleared by date", "DELETE /any", []string{alice}, 204, []string{"sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, true},
		{"one that is cleared with a failure", "GET /any", []string{alice}, 401, []string{"sid=deleted; Max-Age=-1"}, true},
		{"a sign-out that fails", "POST /users/sign_out", []string{alice}, 422, nil, false},
		{"another method", "GET /users/sign_out", []string{alice}, 200, nil, false},
		{"another path", "POST /users/sign_out/all", []string{alice}, 200, nil, false},
		{"a path that is only like it", "POST /a/../users/sign_out", []string{alice}, 200, nil, false},
		{"a cookie that is set", "POST /any", []string{alice}, 200, []string{"sid=new; Max-Age=60"}, false},
		{"a cookie that was not sent", "POST /any", []string{alice}, 200, []string{"flash=; Max-Age=0"}, false},
		{"a cookie that says nothing of who asks", "POST /any", []string{"Cookie: sid=a; _ga_1=2"}, 200, []string{"_ga_1=; Max-Age=0"}, false},
		{"somebody else", "POST /users/sign_out", []string{bob}, 302, nil, false},
		{"nobody", "POST /users/sign_out", nil, 302, nil, false},
	}
	cosmetic := func(o *RouteOptions) { o.IgnoreCookies = []string{"_ga*"} }
	for _, test := range tests {
		app := newApplication()
		app.extra = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/doc" {
				return false
			}
			for _, cookie := range test.fields {
				w.Header().Add("Set-Cookie", cookie)
			}
			w.WriteHeader(test.status)
			return true
		}
		playSite(t, app.ServeHTTP, func(s *site) {
			if err := s.Swap([]RouteOptions{polled("/doc", pushed, cosmetic)}, []Endpoint{{"POST", "/users/sign_out"}}); err != nil {
				t.Fatal(err)
			}
			hers := s.watch("/doc", "", alice).heard()
			c, cable := s.cable("Cookie: sid=a; _ga_1=3")
			c.subscribe("/doc")
			his := s.watch("/doc", "", bob).heard()
			time.Sleep(10 * time.Second)
			if got := s.ask(request(test.what, test.lines...)).StatusCode; got != test.status {
				t.Fatalf("%s: got %d, want upstream's %d", test.name, got, test.status)
			}
			time.Sleep(time.Second)
			want := map[bool]string{true: "close 4401"}[test.ends]
			if hers.ends() != want || cable.ends() != want {
				t.Errorf("%s: socket ended with %q, cable with %q; want %q", test.name, hers.ends(), cable.ends(), want)
			}
			if got, want := his.ends() != "", test.name == "somebody else"; got != want {
				t.Errorf("%s: the other one's watch ended: %v, want %v", test.name, got, want)
			}
		}, polled("/doc", pushed, cosmetic))
	}
}

func TestASessionThatAPollsAnswerTakesBackEndsItsWatchesAtOnce(t *testing.T) {
	for _, path := range []string{"/doc", "/seen"} {
		app := newApplication()
		app.extra = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.RawQuery != "" {
				w.Header().Set("Set-Cookie", r.URL.RawQuery)
			}
			return false
		}
		observed := polled("/seen", func(o *RouteOptions) { o.Name, o.Rollout.Stage = "seen", rollout.Observe })
		playSite(t, app.ServeHTTP, func(s *site) {
			hers, his := s.watch("/doc", "", alice).heard(), s.watch("/doc", "", bob).heard()
			time.Sleep(time.Second)
			s.get(path+"?theme=dark", alice)
			if hers.all(); hers.ends() != "" {
				t.Errorf("%s: ended with %s by a cookie that was set", path, hers.ends())
			}
			s.get(path+"?sid=;Max-Age=0", alice)
			hers.all()
			if hers.ends() != "close 4401" || his.ends() != "" {
				t.Errorf("%s: hers ended with %q, his with %q; want close 4401 and nothing", path, hers.ends(), his.ends())
			}
		}, polled("/doc", pushed), observed)
	}
}

// Who has no credential is told from others by address.
func TestSigningOutOfNobodyEndsTheWatchesOfThatAddressAlone(t *testing.T) {
	app := newApplication()
	app.extra = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Etag", `"public"`)
		fmt.Fprint(w, "{}")
		return true
	}
	playSite(t, app.ServeHTTP, func(s *site) {
		if err := s.Swap([]RouteOptions{polled("/doc", pushed)}, []Endpoint{{"POST", "/users/sign_out"}}); err != nil {
			t.Fatal(err)
		}
		here := s.watch("/doc", "").heard()
		there := s.watch("/doc", "", viaBalancer, "X-Forwarded-For: 203.0.113.9").heard()
		s.ask(request("POST /users/sign_out"))
		if here.ends() != "close 4401" || there.ends() != "" {
			t.Errorf("got %q here and %q there, want close 4401 and nothing", here.ends(), there.ends())
		}
	}, polled("/doc", pushed))
}

// A session that a link has ended is given nothing that was held for it, not even by
// an upstream that says 304 to whoever asks.
func TestASessionThatALinkHasEndedIsGivenNothingThatIsHeld(t *testing.T) {
	ends := map[string]string{"listed": "/users/sign_out", "a cookie that is taken back": "/bye?sid=;Max-Age=0"}
	for name, target := range ends {
		app := newApplication()
		app.extra = func(w http.ResponseWriter, r *http.Request) bool {
			switch {
			case r.URL.Path == "/doc":
				if r.Header.Get("If-None-Match") != "" {
					w.WriteHeader(http.StatusNotModified)
					return true
				}
				return false
			case r.URL.RawQuery != "":
				w.Header().Set("Set-Cookie", r.URL.RawQuery)
			}
			app.revoke("a")
			return true
		}
		play(t, app.ServeHTTP, func(r *rig) {
			if err := r.Swap([]RouteOptions{polled("/doc")}, []Endpoint{{"GET", "/users/sign_out"}}); err != nil {
				t.Fatal(err)
			}
			for _, who := range []string{alice, bob} {
				r.get("/doc", who)
			}
			r.get(target, alice)
			if got := r.get("/doc", alice); got.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: got %s, want upstream's 401", name, got.Status)
			}
			if got := r.get("/doc", bob).Header.Get("Cache-Status"); got != "pollard; hit; ttl=3" {
				t.Errorf("%s: somebody else got %q, want what is held", name, got)
			}
		}, polled("/doc"))
	}
}
