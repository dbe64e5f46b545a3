//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// runReverseProxy serves what a Go programmer writes first: httputil.ReverseProxy with the idle
// connections and the untouched encoding that any load needs.
func runReverseProxy(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench reverseproxy", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:8080", "where it answers")
	upstream := flags.String("upstream", "http://127.0.0.1:3000", "where it asks")
	flags.Parse(args) // ExitOnError
	target, err := url.Parse(*upstream)
	if err != nil {
		return fmt.Errorf("-upstream: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 4096
	transport.DisableCompression = true
	return serve(ctx, *listen, &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		},
	})
}
