package actioncable

import "github.com/pollard-proxy/pollard/push"

// Leave implements [push.Leaver].
func (s *socket) Leave(why push.Farewell) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.work.Go(func() { s.bye(farewell(why)) })
	}
	return !s.over
}

// Review implements [push.Leaver]: where nothing else is left, the socket ends.
func (s *socket) Review() bool {
	all := s.all()
	fallen := map[*subscription]push.Farewell{}
	codes := map[int]bool{}
	for _, x := range all {
		if why := s.aboutOf(x).Objection(); why != nil {
			fallen[x], codes[why.Code] = *why, true
		}
	}
	if len(fallen) == len(all) && len(codes) == 1 {
		return s.Leave(fallen[all[0]])
	}
	for x, why := range fallen {
		x.end(why)
	}
	return len(fallen) > 0
}

func (s *socket) all() []*subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*subscription, 0, len(s.subscriptions))
	for _, x := range s.subscriptions {
		all = append(all, x)
	}
	return all
}

func (s *socket) aboutOf(x *subscription) *push.Subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	about := x.about
	return &about
}
