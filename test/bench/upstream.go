//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// fleet is the upstream: a web application whose polls never find anything new, but those of its board.
// The query of a request says how it is to be answered, so that one process serves every scenario:
//
//	size           bytes of the body (default 1024, at most 1 MiB)
//	delay          time before the answer
//	cache_control  the response's Cache-Control (default: none)
type fleet struct {
	body   []byte
	board  *board
	counts struct{ requests, notModified, anonymous atomic.Int64 }
}

// counts is what the fleet has been asked since its start, as GET on its second listener returns it.
type counts struct {
	Requests    int64 // that reached it
	NotModified int64 // of them, answered 304
	Anonymous   int64 // of them, without Authorization and Cookie
}

func (c counts) since(earlier counts) counts {
	return counts{c.Requests - earlier.Requests, c.NotModified - earlier.NotModified, c.Anonymous - earlier.Anonymous}
}

const largestBody = 1 << 20

func newFleet() *fleet {
	return &fleet{body: bytes.Repeat([]byte("0123456789abcdef"), largestBody/16), board: newBoard()}
}

func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.counts.requests.Add(1)
	if r.Header.Get("Cookie") == "" && r.Header.Get("Authorization") == "" {
		f.counts.anonymous.Add(1)
	}
	if r.URL.Path == boardPath {
		f.board.ServeHTTP(w, r)
		return
	}
	how, err := parseManner(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !sleep(r.Context(), how.delay) {
		return
	}
	h := w.Header()
	h.Set("ETag", currentTag)
	if how.cacheControl != "" {
		h.Set("Cache-Control", how.cacheControl)
	}
	if r.Header.Get("If-None-Match") == currentTag {
		f.counts.notModified.Add(1)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(how.size))
	w.Write(f.body[:how.size]) // fails when the client is gone, and then nobody is left to tell
}

// control is the second listener: what the fleet has been asked, and its board.
func (f *fleet) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", f.serveCounts)
	mux.HandleFunc(boardPath, f.board.serveControl)
	return mux
}

func (f *fleet) serveCounts(w http.ResponseWriter, _ *http.Request) {
	json.NewEncoder(w).Encode(counts{ // fails when the client is gone
		Requests:    f.counts.requests.Load(),
		NotModified: f.counts.notModified.Load(),
		Anonymous:   f.counts.anonymous.Load(),
	})
}

// manner is how one request is to be answered.
type manner struct {
	size         int
	delay        time.Duration
	cacheControl string
}

func (m manner) query() string {
	return url.Values{
		"size": {strconv.Itoa(m.size)}, "delay": {m.delay.String()}, "cache_control": {m.cacheControl},
	}.Encode()
}

func parseManner(query string) (manner, error) {
	m := manner{size: 1024}
	values, err := url.ParseQuery(query)
	if err != nil {
		return m, err
	}
	if s := values.Get("size"); s != "" {
		if m.size, err = strconv.Atoi(s); err != nil || m.size < 0 || m.size > largestBody {
			return m, fmt.Errorf("size %q: want 0 to %d", s, largestBody)
		}
	}
	if s := values.Get("delay"); s != "" {
		if m.delay, err = time.ParseDuration(s); err != nil {
			return m, err
		}
	}
	m.cacheControl = values.Get("cache_control")
	return m, nil
}

// sleep waits for d and reports whether ctx outlived it.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func runUpstream(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench upstream", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:3000", "where the fleet answers")
	count := flags.String("count", "127.0.0.1:3001", "where it says what it has been asked")
	flags.Parse(args)                    // ExitOnError
	ctx, stop := context.WithCancel(ctx) // one listener alone is of no use
	defer stop()
	f := newFleet()
	ended := make(chan error, 2)
	for addr, handler := range map[string]http.Handler{*listen: f, *count: f.control()} {
		go func() {
			ended <- serve(ctx, addr, handler)
			stop()
		}()
	}
	return errors.Join(<-ended, <-ended)
}

// serve answers on addr until ctx ends.
func serve(ctx context.Context, addr string, handler http.Handler) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", addr, err)
	}
	return nil
}
