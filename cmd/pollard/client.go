package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// adminClient asks a running Pollard's admin listener.
type adminClient struct {
	url   string
	token string
}

// adminFlags adds the flags that find the admin listener.
func adminFlags(cmd *cobra.Command, e environment) *adminClient {
	a := &adminClient{}
	if token, ok := e.env("POLLARD_ADMIN_TOKEN"); ok {
		a.token = token
	}
	cmd.Flags().StringVar(&a.url, "admin", "http://127.0.0.1:9090", "URL of the admin listener; its token is taken from POLLARD_ADMIN_TOKEN")
	return a
}

// get returns the body of a 200. Any other answer is an error that says what
// the admin listener said.
func (a *adminClient) get(ctx context.Context, path string) ([]byte, error) {
	url := a.url
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+path, nil)
	if err != nil {
		return nil, usageError{fmt.Errorf("--admin: %w", err)}
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
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

func newHealthcheck(e environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "healthcheck [--admin URL]",
		Short: "Exit 0 when the instance is ready",
		Args:  arguments(cobra.NoArgs),
	}
	admin := adminFlags(cmd, e)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		_, err := admin.get(cmd.Context(), "/readyz")
		return err
	}
	return cmd
}
