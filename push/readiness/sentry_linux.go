package readiness

import "syscall"

// sentry waits for one connection. It implements push.Readiness.
type sentry struct {
	// Set by Of, then read-only.
	poller *Poller
	raw    syscall.RawConn
	number uint64

	// Guarded by the poller's mu.
	wake    func()
	known   bool // to the epoll instance
	stopped bool
}

// Await implements [push.Readiness].
func (s *sentry) Await(wake func()) bool {
	op, ok := s.begin(wake)
	if !ok {
		return false
	}
	if err := s.tell(op); err != nil {
		s.giveUp()
		return false
	}
	return true
}

// begin has events wake somebody from now on: the first may come before tell returns.
func (s *sentry) begin(wake func()) (op int, ok bool) {
	p := s.poller
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.stopped {
		return 0, false
	}
	op = syscall.EPOLL_CTL_MOD
	if !s.known {
		op = syscall.EPOLL_CTL_ADD
	}
	s.wake, s.known = wake, true
	p.waiting[s.number] = s
	return op, true
}

// tell asks for one event. Within both callbacks neither descriptor can become that of
// something else.
func (s *sentry) tell(op int) (err error) {
	event := eventOf(s.number)
	closed := s.poller.raw.Control(func(epoll uintptr) {
		gone := s.raw.Control(func(fd uintptr) { err = syscall.EpollCtl(int(epoll), op, int(fd), event) })
		if gone != nil {
			err = gone
		}
	})
	if closed != nil {
		err = closed
	}
	return err
}

func (s *sentry) giveUp() {
	s.poller.mu.Lock()
	defer s.poller.mu.Unlock()
	delete(s.poller.waiting, s.number)
	s.known = false
}

// Stop implements [push.Readiness]. What the kernel knows of the connection it forgets
// when that is closed.
func (s *sentry) Stop() {
	s.poller.mu.Lock()
	defer s.poller.mu.Unlock()
	delete(s.poller.waiting, s.number)
	s.stopped = true
}
