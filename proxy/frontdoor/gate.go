package frontdoor

import (
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
)

// The limits by which a connection is refused, as Options.Refused is told.
const (
	tooManyOfAddress   = "connections_per_address"
	tooManyDescriptors = "file_descriptors"
)

// A gate refuses connections as they come. Refusing costs one system call: whoever floods the door gets no further than
// its accept loop.
type gate struct {
	// Set by newGate, then read-only.
	perSource   int // 0: unlimited
	speakers    []netip.Prefix
	descriptors int // 0: as many as the system allows

	mu   sync.Mutex
	open map[netip.Prefix]int // connections by where they come from; guarded by mu
}

func newGate(o Options) *gate {
	return &gate{perSource: o.PerAddress, speakers: o.Speakers, descriptors: o.Descriptors, open: map[netip.Prefix]int{}}
}

// enter lets a connection in, which leave is told of once it is closed, or says why not. The source is the zero Prefix
// where it is not counted.
func (g *gate) enter(c net.Conn) (source netip.Prefix, objection string) {
	if g.descriptors > 0 && descriptor(c) >= g.descriptors {
		return netip.Prefix{}, tooManyDescriptors
	}
	source = g.counted(c.RemoteAddr())
	if !source.IsValid() {
		return source, ""
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open[source] >= g.perSource {
		return netip.Prefix{}, tooManyOfAddress
	}
	g.open[source]++
	return source, ""
}

// counted returns the source of a peer that stands for itself alone, where these are counted.
func (g *gate) counted(peer net.Addr) netip.Prefix {
	tcp, ok := peer.(*net.TCPAddr)
	if !ok || g.perSource == 0 {
		return netip.Prefix{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	if slices.ContainsFunc(g.speakers, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return netip.Prefix{}
	}
	return Source(addr)
}

func (g *gate) leave(source netip.Prefix) {
	if !source.IsValid() {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open[source]--; g.open[source] == 0 {
		delete(g.open, source)
	}
}

// descriptor returns the number of a connection's file descriptor, -1 where it has none. The system gives out the lowest
// number that is free (POSIX, "File Descriptor Allocation"), so as many descriptors at least are in use.
func descriptor(c net.Conn) int {
	owner, ok := c.(syscall.Conn)
	if !ok {
		return -1
	}
	number := -1
	if raw, err := owner.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { number = int(fd) }) // fails only on a connection that is closed
	}
	return number
}

// unsentBytes may wait in the kernel for a client to take them: enough for ten gigabits a second.
const unsentBytes = 128 << 10

// tame keeps a connection that has been let in from using more of the kernel's memory than it needs.
func tame(c net.Conn) {
	if owner, ok := c.(*net.TCPConn); ok {
		if raw, err := owner.SyscallConn(); err == nil {
			limitUnsent(raw, unsentBytes)
		}
	}
}

// refuseConn closes a connection so that nothing of it stays behind: there is no time that it would have to wait for.
func (s *Server) refuseConn(c net.Conn, why string) {
	s.log.Debug("connection refused", slog.String("remote_addr", c.RemoteAddr().String()), slog.String("limit", why))
	s.o.Refused(why)
	if l, ok := c.(interface{ SetLinger(sec int) error }); ok {
		_ = l.SetLinger(0) // fails only on a connection that its client has closed
	}
	_ = c.Close()
}
