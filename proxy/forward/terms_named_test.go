package forward

import (
	"errors"
	"io"
	"net/http/httptest"
	"testing"
)

func TestRequestsGoWhereTheirRouteSays(t *testing.T) {
	saying := func(text string) Upstream {
		return Upstream{upstream(t, func(k *talker) {
			for k.head() != "" {
				k.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%s", text)
			}
		})}
	}
	first, second, third := saying("1"), saying("2"), saying("3")
	f := New(Options{Terms: Terms{Upstream: first, Others: []Upstream{second, second}}})
	defer f.Close()
	ask := func(name string) (string, error) {
		resp, err := f.RoundTrip(f.Outgoing(WithAttempt(t.Context(), name, nil), httptest.NewRequest("GET", "/", nil), "/"))
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return string(body), err
	}
	expect := func(when, name, want string) {
		t.Helper()
		if got, err := ask(name); got != want {
			t.Errorf("%s: got %q (%v), want %q", when, got, err, want)
		}
	}
	expect("without a name", "", "1")
	expect("with a name", second.String(), "2")
	f.Renew(Terms{Upstream: first, Others: []Upstream{third}})
	expect("decided on before a reload", second.String(), "2")
	expect("after it", third.String(), "3")
	f.Renew(Terms{Upstream: third})
	expect("without a name, after another", "", "3")
	if _, err := ask(second.String()); !errors.Is(err, ErrUnreachable) {
		t.Errorf("of long ago: got %v, want %v", err, ErrUnreachable)
	}
}
