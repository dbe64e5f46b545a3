package frontdoor

import (
	"context"
	"slices"
	"time"
)

const (
	// farewell is how long a connection that was taken over may still say goodbye on, when it has been told to end.
	farewell = 10 * time.Second
	// roundsApart is how long Rotate waits for something to do at most: clients come with certificates that end soon.
	roundsApart = time.Minute
)

// Rotate has clients leave connections that were made under other terms than those in force, or whose certificate ends:
// in turn, at the pace of the options. Each answer says from then on that its connection closes behind it (see Retire),
// and the context of Leaving ends. It runs until ctx ends.
//
// A certificate that is about to end and has not been replaced has its connections left as well, so that they do not
// live on when new ones fail: those who were there before the spread began within it, those who came during it at the
// end. Who comes after the end knows. A tunnel cannot be told: it lives until the certificate ends.
func (s *Server) Rotate(ctx context.Context) {
	for ctx.Err() == nil {
		due, next := s.due(time.Now())
		s.sendAway(ctx, due)
		if len(due) == 0 {
			s.await(ctx, time.Until(next))
		}
	}
}

// due returns the connections whose clients are to be told to leave, or that are to be cut, the oldest first, and when
// there may be some where there are none.
func (s *Server) due(now time.Time) (due []*socket, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lead, next := s.lead(len(s.conns)), now.Add(roundsApart)
	if ends := s.terms.ends; ends.After(now) && ends.Before(next) {
		next = ends // for those who come until then
	}
	for k := range s.conns {
		switch at := k.dueAt(s.terms, lead); {
		case at.IsZero():
		case !at.After(now):
			due = append(due, k)
		case at.Before(next):
			next = at
		}
	}
	slices.SortFunc(due, func(a, b *socket) int { return a.since.Compare(b.since) })
	return due, next
}

// dueAt returns when there is something to do about a connection, the zero time for never. It is called with Server.mu
// held.
func (k *socket) dueAt(inForce *terms, lead time.Duration) time.Time {
	switch begin := k.ends.Add(-lead); {
	case k.terms.tls == nil:
		return time.Time{}
	case !k.told.IsZero() && !k.free.Load():
		return time.Time{} // its next answer is its last
	case !k.told.IsZero():
		return later(k.ends, k.told.Add(farewell))
	case k.terms != inForce:
		return k.since
	case k.ends.IsZero():
		return time.Time{}
	case k.since.Before(begin):
		return begin
	case k.since.Before(k.ends):
		return k.ends
	}
	return time.Time{}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// lead is how long sending so many clients away takes.
func (s *Server) lead(clients int) time.Duration {
	return time.Duration(clients) * s.apart(max(clients, 1))
}

func (s *Server) apart(clients int) time.Duration {
	spread, perSecond := s.o.Pace()
	apart := spread / time.Duration(clients)
	if perSecond > 0 {
		apart = max(apart, time.Second/time.Duration(perSecond))
	}
	return apart
}

// sendAway tells clients to leave, in turn, until ctx ends or there are other terms: then others may be due, too.
func (s *Server) sendAway(ctx context.Context, due []*socket) {
	began, apart := time.Now(), s.apart(max(len(due), 1))
	for i, k := range due {
		turn := began.Add(time.Duration(i) * apart)
		if i > 0 && !s.await(ctx, time.Until(turn)) {
			return
		}
		if s.isTold(k) {
			_ = k.Close() // a tunnel, whose certificate has ended
			continue
		}
		k.leave()
	}
}

// isTold reports whether the client has been told to leave before, and notes that it is now.
func (s *Server) isTold(k *socket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !k.told.IsZero() {
		return true
	}
	k.told = time.Now()
	return false
}

// await waits, and reports false where ctx has ended or the terms have changed meanwhile.
func (s *Server) await(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.renewed:
	case <-ctx.Done():
	}
	return false
}
