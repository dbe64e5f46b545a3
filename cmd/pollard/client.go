package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/proxy/admin"
)

// adminClient asks a running Pollard's admin listener.
type adminClient struct {
	url       string
	token     string // of the environment
	tokenFile string // beats it
	who       string // in the audit log
}

// adminFlags adds the flags that find the admin listener.
func adminFlags(cmd *cobra.Command, e environment) *adminClient {
	a := &adminClient{}
	a.token, _ = e.env("POLLARD_ADMIN_TOKEN")
	a.who, _ = e.env("USER")
	cmd.PersistentFlags().StringVar(&a.url, "admin", "http://127.0.0.1:9090", "URL of the admin listener; its token is taken from --token-file, else from POLLARD_ADMIN_TOKEN")
	cmd.PersistentFlags().StringVar(&a.tokenFile, "token-file", "", "file that holds the admin listener's token")
	return a
}

// get returns the body of a 200. Any other answer is an error that says what
// the admin listener said.
func (a *adminClient) get(ctx context.Context, path string) ([]byte, error) {
	return a.ask(ctx, http.MethodGet, path, nil)
}

// ask is get by another method, with a body if there is one.
func (a *adminClient) ask(ctx context.Context, method, path string, content []byte) ([]byte, error) {
	url := a.url
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(url, "/")+path, bytes.NewReader(content))
	if err != nil {
		return nil, usageError{fmt.Errorf("--admin: %w", err)}
	}
	if err := a.sign(req.Header); err != nil {
		return nil, err
	}
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no answer from the admin listener: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %s", path, resp.Status, strings.TrimSpace(string(body)))
	}
	return body, nil
}

// routes are the figures of the admin listener.
func (a *adminClient) routes(ctx context.Context) ([]admin.Route, error) {
	body, err := a.get(ctx, "/api/v1/routes")
	if err != nil {
		return nil, err
	}
	var routes []admin.Route
	if err := json.Unmarshal(body, &routes); err != nil {
		return nil, fmt.Errorf("the admin listener's routes: %w", err)
	}
	return routes, nil
}

// sign adds who asks, and the token.
func (a *adminClient) sign(h http.Header) error {
	token := a.token
	if a.tokenFile != "" {
		data, err := os.ReadFile(a.tokenFile)
		if err != nil {
			return usageError{fmt.Errorf("--token-file: %w", err)}
		}
		token = strings.TrimSpace(string(data))
	}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	if a.who != "" {
		h.Set("X-Pollard-Who", a.who)
	}
	return nil
}
