//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"
)

// loop is the load generator: one thread, one epoll, one request in flight per connection. A goroutine per
// connection would cost more than the fastest server under test, and would then be what is measured.
type loop struct {
	request []byte
	epoll   int
	conns   []conn
	events  []syscall.EpollEvent
	buf     []byte
	started time.Time // every time below counts from here: a monotonic clock in eight bytes

	latencies []time.Duration // of the answers since the last reset
	statuses  map[int]int     // of the same
}

type conn struct {
	fd     int
	sent   time.Duration
	answer answer
}

// dial opens n connections to addr, all of which must be up before the first request.
func dial(addr string, n int, request []byte) (*loop, error) {
	to, err := parseAddr(addr)
	if err != nil {
		return nil, err
	}
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	l := &loop{
		request: request, epoll: epoll, started: time.Now(),
		events: make([]syscall.EpollEvent, 256), buf: make([]byte, 64<<10),
	}
	l.reset()
	for range n {
		if err := l.open(to); err != nil {
			l.close()
			return nil, err
		}
	}
	return l, nil
}

func (l *loop) open(to netip.AddrPort) error {
	fd, err := connect(to)
	if err != nil {
		return err
	}
	l.conns = append(l.conns, conn{fd: fd})
	return await(l.epoll, fd, len(l.conns)-1)
}

func (l *loop) close() {
	for _, c := range l.conns {
		syscall.Close(c.fd)
	}
	syscall.Close(l.epoll)
}

// reset forgets what has been measured; requests in flight stay so.
func (l *loop) reset() {
	l.latencies = make([]time.Duration, 0, 1<<20)
	l.statuses = map[int]int{}
}

// sendAll starts one request on every connection.
func (l *loop) sendAll() error {
	for i := range l.conns {
		if err := l.send(&l.conns[i]); err != nil {
			return err
		}
	}
	return nil
}

// send starts the request on a connection.
func (l *loop) send(c *conn) error {
	c.answer.reset()
	c.sent = time.Since(l.started)
	return send(c.fd, l.request)
}

// closed keeps every connection busy for d: each answer is followed by the next request.
func (l *loop) closed(d time.Duration) error {
	for end := time.Since(l.started) + d; time.Since(l.started) < end; {
		if _, err := l.turn(l.send); err != nil {
			return err
		}
	}
	return nil
}

// drain waits for the answers to what is in flight, at most d, and returns how many are missing then.
func (l *loop) drain(d time.Duration) (int, error) {
	missing := len(l.conns)
	for end := time.Since(l.started) + d; missing > 0 && time.Since(l.started) < end; {
		n, err := l.turn(func(*conn) error { return nil })
		if err != nil {
			return missing, err
		}
		missing -= n
	}
	return missing, nil
}

// turn waits once for bytes, reads them, calls answered for each connection whose answer is complete, and
// returns how many were.
func (l *loop) turn(answered func(*conn) error) (int, error) {
	const patience = 100 // milliseconds; so that a silent server does not keep the loop from its deadline
	n, err := syscall.EpollWait(l.epoll, l.events, patience)
	if err == syscall.EINTR {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("epoll: %w", err)
	}
	complete := 0
	for _, event := range l.events[:n] {
		c := &l.conns[event.Fd]
		done, err := l.receive(c)
		if err == nil && done {
			complete++
			err = answered(c)
		}
		if err != nil {
			return complete, err
		}
	}
	return complete, nil
}

func (l *loop) receive(c *conn) (bool, error) {
	n, err := syscall.Read(c.fd, l.buf)
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return false, nil
	case err != nil:
		return false, fmt.Errorf("receive: %w", err)
	case n == 0:
		return false, errors.New("receive: the server closed a connection that was to be kept alive")
	}
	done, err := c.answer.take(l.buf[:n])
	if done {
		l.latencies = append(l.latencies, time.Since(l.started)-c.sent)
		l.statuses[c.answer.status]++
	}
	return done, err
}
