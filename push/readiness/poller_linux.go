package readiness

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/pollard-proxy/pollard/push"
)

// Poller waits for connections by an epoll instance of its own. Use New; it owns a
// goroutine until Close.
//
// The connections stay net.Conns with their deadlines, which are the runtime's: a
// descriptor may be in two epoll instances.
type Poller struct {
	// Set by New, then read-only.
	epoll *os.File // in the runtime's epoll instance: waiting takes no thread
	raw   syscall.RawConn
	done  chan struct{}

	mu      sync.Mutex
	next    uint64             // the number of the last sentry; guarded by mu
	waiting map[uint64]*sentry // by their numbers; guarded by mu
}

// New returns a poller, or an error where there is none to be had.
func New() (*Poller, error) {
	number, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making an epoll instance: %w", err)
	}
	if err := syscall.SetNonblock(number, true); err != nil {
		return nil, errors.Join(fmt.Errorf("making an epoll instance non-blocking: %w", err), syscall.Close(number))
	}
	p := &Poller{epoll: os.NewFile(uintptr(number), "epoll"), done: make(chan struct{}), waiting: map[uint64]*sentry{}}
	p.raw, err = p.epoll.SyscallConn()
	if err := errors.Join(err, p.epoll.SetReadDeadline(time.Time{})); err != nil { // or the runtime does not wait for it
		return nil, errors.Join(fmt.Errorf("polling an epoll instance: %w", err), p.epoll.Close())
	}
	go p.run()
	return p, nil
}

// Close ends the waiting: nobody who waits is woken any more. It may be called repeatedly.
func (p *Poller) Close() {
	p.epoll.Close() // fails only the second time
	<-p.done
}

// Of returns what tells when a connection can be read; nil for one of which the kernel
// does not know that: one that has no descriptor, or something between it and that.
func (p *Poller) Of(c net.Conn) push.Readiness {
	below, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := below.SyscallConn()
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	return &sentry{poller: p, raw: raw, number: p.next}
}

// batch is how many events are taken at a time.
const batch = 256

func (p *Poller) run() {
	defer close(p.done)
	events := make([]syscall.EpollEvent, batch)
	var n int
	look := func(number uintptr) bool {
		n, _ = syscall.EpollWait(int(number), events, 0) // fails only when interrupted: looked at again
		return n > 0
	}
	for p.raw.Read(look) == nil {
		for _, e := range events[:n] {
			p.wake(numberOf(e))
		}
	}
}

// wake wakes whoever waits for an event. Who has stopped by now does not.
func (p *Poller) wake(number uint64) {
	p.mu.Lock()
	s := p.waiting[number]
	delete(p.waiting, number)
	p.mu.Unlock()
	if s != nil {
		s.wake()
	}
}

// An event carries a number, which no other connection ever has: of a descriptor one
// could not tell whether it is still that of who waited.
func eventOf(number uint64) *syscall.EpollEvent {
	return &syscall.EpollEvent{
		Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT,
		Fd:     int32(number), Pad: int32(number >> 32),
	}
}

func numberOf(e syscall.EpollEvent) uint64 { return uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32 }
