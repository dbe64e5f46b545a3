package frontdoor

import "context"

// Retire has clients go elsewhere while they are still served: from now on each answer to a request that comes says that
// its connection closes behind it (Connection: close, RFC 9112 §9.6; GOAWAY, RFC 9113 §6.8). No connection is closed
// between two requests, where a client may just be sending the next.
func (s *Server) Retire() { s.retired.Store(true) }

// Shutdown closes the listeners, then idle connections, and waits until the others are done, hijacked ones included, or
// ctx is. What is left then, Close ends.
func (s *Server) Shutdown(ctx context.Context) error {
	// Browsers open connections ahead of need; net/http would wait five seconds for each to say something.
	s.closeIf(func(k *socket) bool { return !k.used.Load() })
	if err := s.http.Shutdown(ctx); err != nil {
		return err
	}
	select {
	case <-s.vacated():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// vacated returns a channel that is closed once no connection is open.
func (s *Server) vacated() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) == 0 {
		now := make(chan struct{})
		close(now)
		return now
	}
	if s.vacant == nil {
		s.vacant = make(chan struct{})
	}
	return s.vacant
}

// Tally is what a Server is busy with.
type Tally struct {
	Connections int    // open, hijacked ones included
	Hijacked    int    // of these: tunnels and watchers
	Requests    int    // being answered
	Answered    uint64 // requests whose answer has ended, since New; those that were hijacked are not among them
}

// Tally returns what the server is busy with now.
func (s *Server) Tally() Tally {
	answered := s.answered.Load() // before what has begun, or there could be fewer than none
	t := Tally{Answered: answered, Requests: int(s.begun.Load() - s.hijacked.Load() - answered)}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.Connections = len(s.conns)
	for k := range s.conns {
		if k.free.Load() {
			t.Hijacked++
		}
	}
	return t
}

// ended counts a request over a connection, which is nil over HTTP/2.
func (s *Server) ended(c *conn) {
	if c == nil || !c.hijacked.Load() {
		s.answered.Add(1)
	}
}
