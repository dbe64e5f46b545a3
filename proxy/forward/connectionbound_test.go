package forward

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// An upstream that authenticates connections takes whatever comes on one for the same user's.
func TestConnectionThatWasAuthenticatedCarriesNobodyElsesRequest(t *testing.T) {
	user := map[string]string{} // by connection
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if credentials := r.Header.Get("Authorization"); credentials != "" {
			user[r.RemoteAddr] = credentials
		}
		w.Header().Set("User", user[r.RemoteAddr])
	}))
	defer upstream.Close()
	to, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	f := New(Options{Terms: Terms{Upstream: Upstream{to}}})
	defer f.Close()

	ask := func(authorization string) string {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		resp, err := f.RoundTrip(f.Outgoing(t.Context(), r, "/"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.Header.Get("User")
	}
	for _, credentials := range []string{"NTLM alice", "negotiate bob"} {
		ask("")
		if got := ask(credentials); got != credentials {
			t.Errorf("upstream took %q for %q", credentials, got)
		}
		if got := ask(""); got != "" {
			t.Errorf("a request without credentials was taken for %q's", got)
		}
	}
}
