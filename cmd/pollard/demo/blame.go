package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

// blamed finds that every poll has reached the fleet, and that the fleet contradicts itself.
func blamed(ctx context.Context, t *tour, c told) (string, error) {
	found, err := passed(ctx, t, c)
	if err != nil {
		return "", err
	}
	path := t.theatre.app.Documents()[0]
	if err := t.contradicts(ctx, path); err != nil {
		return "", err
	}
	return found + fmt.Sprintf("\nOne document asked for twice, in one session: with its entity tag the fleet says 304, without it another body under the same tag "+
		"(%s). It is the fleet.", path), nil
}

// contradicts asks for a document before and after a change, as somebody's page does and as none does. The error says that the fleet's
// answers agree.
func (t *tour) contradicts(ctx context.Context, path string) error {
	session := t.theatre.app.SignIn(legacy.People()[0])
	ask := func(tag string) (*http.Response, string, error) { return t.fetch(ctx, path, session, tag) }
	first, before, err := ask("")
	if err != nil {
		return err
	}
	if err := t.theatre.app.Change(path); err != nil {
		return err
	}
	tag := first.Header.Get("ETag")
	conditional, _, err := ask(tag)
	if err != nil {
		return err
	}
	plain, after, err := ask("")
	if err != nil {
		return err
	}
	if conditional.StatusCode != http.StatusNotModified || plain.Header.Get("ETag") != tag || before == after {
		return errors.New("the fleet's tags and bodies agree: it is not the fleet")
	}
	return nil
}

// fetch asks for a document through the proxy, with a condition if there is a tag.
func (t *tour) fetch(ctx context.Context, path string, session *http.Cookie, tag string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.theatre.proxy.URL.JoinPath(path).String(), http.NoBody)
	if err != nil {
		return nil, "", err
	}
	r.Close = true // nobody would end an idle connection
	r.AddCookie(session)
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	response, err := t.operator.client.Do(r)
	if err != nil {
		return nil, "", fmt.Errorf("asking through the proxy: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, "", fmt.Errorf("asking through the proxy: %w", err)
	}
	return response, string(body), nil
}
