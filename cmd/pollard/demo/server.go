package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// goodbye is how long a server waits for answers that are under way before it cuts them.
const goodbye = time.Second

// A server serves one handler on a free loopback port.
type server struct {
	url    *url.URL
	http   *http.Server
	cancel context.CancelFunc // ends the context of every request
	done   chan error         // what Serve returned
}

func serve(h http.Handler) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a port for the demo: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{
		url:    &url.URL{Scheme: "http", Host: l.Addr().String()},
		cancel: cancel,
		done:   make(chan error, 1),
		http: &http.Server{
			Handler: h, ReadHeaderTimeout: 10 * time.Second,
			BaseContext: func(net.Listener) context.Context { return ctx },
		},
	}
	go func() { s.done <- s.http.Serve(l) }()
	return s, nil
}

// close stops the server and waits for what it is answering.
func (s *server) close() error {
	defer s.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	patient := time.AfterFunc(goodbye/2, s.cancel)
	defer patient.Stop()
	if err := s.http.Shutdown(ctx); err != nil {
		s.http.Close()
	}
	if err := <-s.done; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", s.url.Host, err)
	}
	return nil
}
