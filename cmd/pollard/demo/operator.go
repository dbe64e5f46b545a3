package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/proxy/admin"
	"github.com/pollard-proxy/pollard/rollout/advice"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// An operator asks and changes things by the proxy's admin listener, as people do.
type operator struct {
	admin  *url.URL
	client http.Client
}

// answerWithin is how soon the admin listener must have answered.
const answerWithin = 10 * time.Second

func newOperator(at *url.URL) operator {
	return operator{admin: at, client: http.Client{Timeout: answerWithin}}
}

// guide is who changes things, in the audit log.
const guide = "tour"

// A wish is the body of a change.
type wish struct {
	Stage   Stage    `json:"stage,omitempty"`
	Percent *float64 `json:"percent,omitempty"`
	Why     string   `json:"why"`
}

// move has a route stand elsewhere, with percent of its actors.
func (o *operator) move(ctx context.Context, route string, to Stage, percent float64, why string) error {
	return o.ask(ctx, http.MethodPut, "/api/v1/routes/"+url.PathEscape(route), wish{to, &percent, why}, nil)
}

func (o *operator) kill(ctx context.Context, why string) error {
	return o.ask(ctx, http.MethodPut, "/api/v1/kill", wish{Why: why}, nil)
}

func (o *operator) revive(ctx context.Context, why string) error {
	return o.ask(ctx, http.MethodDelete, "/api/v1/kill", wish{Why: why}, nil)
}

// route returns a route as it stands.
func (o *operator) route(ctx context.Context, name string) (admin.Route, error) {
	var all []admin.Route
	if err := o.ask(ctx, http.MethodGet, "/api/v1/routes", nil, &all); err != nil {
		return admin.Route{}, err
	}
	i := slices.IndexFunc(all, func(r admin.Route) bool { return r.Name == name })
	if i < 0 {
		return admin.Route{}, fmt.Errorf("the proxy has no route %s", name)
	}
	return all[i], nil
}

// advice returns what the proxy has learnt of a route.
func (o *operator) advice(ctx context.Context, route string) (advice.Advice, error) {
	var all []advice.Advice
	if err := o.ask(ctx, http.MethodGet, "/api/v1/advice", nil, &all); err != nil {
		return advice.Advice{}, err
	}
	i := slices.IndexFunc(all, func(a advice.Advice) bool { return a.Route == route })
	if i < 0 {
		return advice.Advice{}, fmt.Errorf("there is no advice on %s", route)
	}
	return all[i], nil
}

// log returns who moved what, the oldest first.
func (o *operator) log(ctx context.Context) ([]ladder.Entry, error) {
	var entries []ladder.Entry
	err := o.ask(ctx, http.MethodGet, "/api/v1/audit", nil, &entries)
	slices.Reverse(entries)
	return entries, err
}

// ask sends content, if there is any, and reads the answer into answer, if that is wanted.
func (o *operator) ask(ctx context.Context, method, path string, content, answer any) error {
	var body bytes.Buffer
	if content != nil {
		if err := json.NewEncoder(&body).Encode(content); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, o.admin.JoinPath(path).String(), &body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	r.Header.Set("X-Pollard-Who", guide)
	r.Close = true // nobody would end an idle connection
	response, err := o.client.Do(r)
	if err != nil {
		return fmt.Errorf("asking the admin listener: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", method, path, err)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, strings.TrimSpace(string(text)))
	case answer == nil:
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}
