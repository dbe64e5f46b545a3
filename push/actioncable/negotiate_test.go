package actioncable_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSubprotocolsAreNegotiated(t *testing.T) {
	tests := []struct {
		name   string
		offers []string // one field each
		want   string   // "" for a refusal
	}{
		{"Rails", []string{"actioncable-v1-json, actioncable-unsupported"}, basic},
		{"AnyCable", []string{extended}, extended},
		{"both", []string{"actioncable-v1-json, actioncable-v1-ext-json"}, extended},
		{"in two fields", []string{"x", "actioncable-v1-json"}, basic},
		{"with a token", []string{"actioncable-v1-json,actioncable-unsupported,\tanycable-token.secret"}, basic},
		{"with a token first", []string{"anycable-token.secret, actioncable-v1-ext-json"}, extended},
		{"unknown alone", []string{"actioncable-v2-json"}, ""},
		{"a token alone", []string{"anycable-token.secret"}, ""},
		{"unknown, with a way out", []string{"actioncable-v2-json, actioncable-unsupported"}, unsupported},
		{"nothing", nil, ""},
		{"in capitals", []string{"ACTIONCABLE-V1-JSON"}, ""},
	}
	play(t, settings{}, func(s *scene) {
		for _, test := range tests {
			conn, resp, err := s.dial(http.Header{"Sec-Websocket-Protocol": test.offers})
			switch {
			case test.want == "" && (err == nil || resp.StatusCode != http.StatusBadRequest):
				t.Errorf("%s: answered %v, want 400", test.name, resp)
			case test.want != "" && err != nil:
				t.Errorf("%s: %v", test.name, err)
			case test.want != "":
				if got := resp.Header["Sec-Websocket-Protocol"]; len(got) != 1 || got[0] != test.want {
					t.Errorf("%s: got %q, want %q", test.name, got, test.want)
				}
			}
			if conn != nil {
				conn.Close()
			}
		}
	})
}

func TestWhoSpeaksNoneOfOursIsClosed(t *testing.T) {
	play(t, settings{}, func(s *scene) {
		conn, _, err := s.dial(nil, "actioncable-v2-json", unsupported)
		if err != nil {
			t.Fatal(err)
		}
		if _, m, err := conn.ReadMessage(); err == nil {
			t.Errorf("got %s, want the end", m)
		}
		conn.Close()
	})
}

func TestWhatIsNoUpgradeIsRefused(t *testing.T) {
	tests := []struct {
		name, method string
		change       func(http.Header)
		status       int
	}{
		{"a plain GET", http.MethodGet, func(h http.Header) { h.Del("Upgrade") }, http.StatusUpgradeRequired},
		{"no Connection", http.MethodGet, func(h http.Header) { h.Del("Connection") }, http.StatusUpgradeRequired},
		{"another protocol", http.MethodGet, func(h http.Header) { h.Set("Upgrade", "h2c") }, http.StatusUpgradeRequired},
		{"version 8", http.MethodGet, func(h http.Header) { h.Set("Sec-Websocket-Version", "8") }, http.StatusUpgradeRequired},
		{"no key", http.MethodGet, func(h http.Header) { h.Del("Sec-Websocket-Key") }, http.StatusBadRequest},
		{"POST", http.MethodPost, func(http.Header) {}, http.StatusMethodNotAllowed},
		{"HEAD", http.MethodHead, func(http.Header) {}, http.StatusMethodNotAllowed},
	}
	play(t, settings{}, func(s *scene) {
		for _, test := range tests {
			r := httptest.NewRequest(test.method, "/-/pollard/cable", strings.NewReader(""))
			r.Header = http.Header{
				"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
				"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Sec-Websocket-Protocol": {basic},
			}
			test.change(r.Header)
			w := httptest.NewRecorder()
			s.server.Handler.ServeHTTP(w, r)
			if w.Code != test.status {
				t.Errorf("%s: got %d, want %d", test.name, w.Code, test.status)
			}
		}
	})
}
