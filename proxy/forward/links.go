package forward

import (
	"crypto/tls"
	"sync"
	"time"

	"github.com/pollard-proxy/pollard/proxy/certificates"
)

// links are the open connections over TLS: what they were made with ends.
type links struct {
	mu   sync.Mutex
	open map[*link]struct{} // guarded by mu
}

// add keeps track of a link until it is closed.
func (s *links) add(l *link, state tls.ConnectionState) {
	if l.unverified {
		l.ends = l.endpoint.fleet.terms.unverified
	} else {
		l.ends = certificates.Earlier(l.endpoint.fleet.terms.presented, state.PeerCertificates[0].NotAfter)
	}
	l.links = s
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*link]struct{}{}
	}
	s.open[l] = struct{}{}
}

func (s *links) remove(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, l)
}

func (s *links) first() (first time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.open {
		if !l.unverified {
			first = certificates.Earlier(first, l.ends)
		}
	}
	return first
}

// sever closes what was opened unverified, unless that is allowed until later than now,
// and tunnels whose certificate has ended.
func (s *links) sever(now, allowed time.Time) {
	for _, l := range s.due(now, allowed) {
		l.Close()
	}
}

func (s *links) due(now, allowed time.Time) (due []*link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.open {
		if l.unverified && !now.Before(allowed) || l.tunnel.Load() && l.hasEnded(now) {
			due = append(due, l)
		}
	}
	return due
}
