//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"
)

// watchers are clients that are told, as many as wanted: like the load generator's, one thread and one
// epoll, so that the clients do not take the time that is measured.
type watchers struct {
	plan   watchPlan
	to     netip.AddrPort
	epoll  int
	conns  []watcher
	events []syscall.EpollEvent
	buf    []byte
	oob    []byte // for the time of arrival

	open int // of conns, those that have been given the present document
	news *news
}

type watcher struct {
	fd      int
	open    bool
	version int // of the document that came last
	stream  stream
}

// openLimit bounds the wait for the slowest of those who are let in at a time.
const openLimit = 30 * time.Second

func newWatchers(p watchPlan) (*watchers, error) {
	to, err := parseAddr(p.Addr)
	if err != nil {
		return nil, err
	}
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &watchers{
		plan: p, to: to, epoll: epoll, events: make([]syscall.EpollEvent, 256),
		buf: make([]byte, 64<<10), oob: make([]byte, 128), conns: make([]watcher, 0, p.Watchers),
	}, nil
}

func (w *watchers) close() {
	for _, c := range w.conns {
		syscall.Close(c.fd)
	}
	syscall.Close(w.epoll)
}

// openAll opens every watch, some at a time. A watch is open once the present document has come.
func (w *watchers) openAll() error {
	for w.open < w.plan.Watchers {
		for len(w.conns) < min(w.plan.Watchers, w.open+w.plan.AtOnce) {
			if err := w.openOne(); err != nil {
				return err
			}
		}
		before := w.open
		if err := w.until(openLimit, func() bool { return w.open > before }); err != nil {
			return fmt.Errorf("%d of %d watches are open: %w", w.open, w.plan.Watchers, err)
		}
	}
	return nil
}

func (w *watchers) openOne() error {
	fd, err := connect(w.to)
	if err != nil {
		return err
	}
	i := len(w.conns)
	w.conns = append(w.conns, watcher{fd: fd, stream: stream{events: w.plan.Events}})
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1); err != nil {
		return fmt.Errorf("ask for times of arrival: %w", err)
	}
	if err := await(w.epoll, fd, i); err != nil {
		return err
	}
	return send(fd, w.plan.request(i))
}

// until lets the watchers read until done, or fails when that takes longer than the limit.
func (w *watchers) until(limit time.Duration, done func() bool) error {
	for end := time.Now().Add(limit); !done(); {
		if time.Now().After(end) {
			return fmt.Errorf("nothing more within %v", limit)
		}
		if err := w.turn(100 * time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// idle lets the watchers read, and answer pings, for a while.
func (w *watchers) idle(d time.Duration) error {
	for end := time.Now().Add(d); ; {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		if err := w.turn(min(left, 100*time.Millisecond)); err != nil {
			return err
		}
	}
}

// turn waits once for bytes, at most so long, and reads them.
func (w *watchers) turn(patience time.Duration) error {
	n, err := syscall.EpollWait(w.epoll, w.events, int((patience+time.Millisecond-1)/time.Millisecond))
	if err == syscall.EINTR {
		return nil
	}
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	for _, event := range w.events[:n] {
		if err := w.receive(&w.conns[event.Fd]); err != nil {
			return err
		}
	}
	return nil
}

func (w *watchers) receive(c *watcher) error {
	n, control, _, _, err := syscall.Recvmsg(c.fd, w.buf, w.oob, 0)
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return nil
	case err != nil:
		return fmt.Errorf("receive: %w", err)
	case n == 0:
		return errors.New("receive: the server closed a watch that was to go on")
	}
	return c.stream.take(w.buf[:n], func(opcode byte, payload []byte) error {
		return w.hear(c, opcode, payload, w.oob[:control])
	})
}

func (w *watchers) hear(c *watcher, opcode byte, payload, control []byte) error {
	switch opcode {
	case opPing:
		return send(c.fd, pong(payload))
	case opClose:
		return fmt.Errorf("the server closed a watch that was to go on: %q", payload)
	}
	if !c.open {
		c.open = true
		w.open++
	}
	version, ok := boardVersion(payload)
	if !ok || version == c.version {
		return nil
	}
	c.version = version
	if w.news == nil || version != w.news.version {
		return nil
	}
	return w.news.arrives(control)
}
