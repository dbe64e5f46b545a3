package frontdoor

import (
	"bufio"
	"crypto/tls"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-proxy/pollard/proxy/certificates"
)

// Options say how a Server listens. The zero value of each but Handler is usable.
type Options struct {
	// Handler gets every request that is not refused; see the package comment for what it may rely on.
	Handler http.Handler

	// Lane answers requests on the connection itself, if it can, in place of Handler. nil: none does.
	Lane Lane

	// TLS is how to speak TLS, until Renew; nil is cleartext. Its NextProtos is replaced: h2 and http/1.1 are offered. A
	// configuration that its GetConfigForClient returns is used as it is.
	TLS *tls.Config

	// Pace says how fast Rotate may send clients away: over so long at least, and so many a second at most. Default: as
	// fast as it can.
	Pace func() (spread time.Duration, perSecond int)

	// H2C accepts HTTP/2 with prior knowledge on cleartext (RFC 9113 §3.3).
	H2C bool

	// HeaderBytes bounds a head, its request line included, whole. Default 64 KiB. Over it: 431, or 414 if the request
	// line alone is.
	HeaderBytes int

	// HeaderTimeout is for a head to arrive whole, from its first byte, and for a TLS handshake. Default 10 s. After
	// it the connection is closed.
	HeaderTimeout time.Duration

	// IdleTimeout is how long a connection may wait for the first byte of a request. Default 75 s.
	IdleTimeout time.Duration

	// StallTimeout cuts a client that sends no byte of a body that the handler reads, or takes none of an answer that
	// it writes (of an answer: within twice the time). It starts anew with every byte and runs only while we wait for
	// the client, so it limits neither how long a transfer takes nor how long a handler does. 0: never.
	StallTimeout time.Duration

	// Connections is how many may be open, hijacked ones included. Further ones wait in the kernel's accept queue,
	// as a client then sees a slow server and not a broken one. 0: unlimited.
	Connections int

	// PerAddress is how many connections one Source may have open, hijacked ones included; 0: unlimited. Peers within
	// Speakers are not counted: balancers speak for many. A further connection is reset before it has said anything.
	PerAddress int
	Speakers   []netip.Prefix

	// Descriptors is how many file descriptors may be in use in the process, whatever for, when a client is let in:
	// beyond it its connection is reset, so that the rest is left to other things. 0: all.
	Descriptors int

	// Refused is told of each connection that is reset for one of these limits: "connections_per_address" or
	// "file_descriptors". It must be quick. Default: nobody is told.
	Refused func(limit string)

	// Logger gets panics as errors, accept failures as warnings, and what clients do wrong as debug lines. Default:
	// slog.Default().
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.HeaderBytes <= 0 {
		o.HeaderBytes = 64 << 10
	}
	if o.HeaderTimeout <= 0 {
		o.HeaderTimeout = 10 * time.Second
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 75 * time.Second
	}
	if o.Refused == nil {
		o.Refused = func(string) {}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Pace == nil {
		o.Pace = func() (time.Duration, int) { return 0, 0 }
	}
	return o
}

// A Server serves its handler over vetted connections. Use New; it owns its goroutines until Shutdown or Close.
type Server struct {
	// Set by New, then read-only.
	o       Options
	log     *slog.Logger
	http    *http.Server
	buffers *sync.Pool
	answers *sync.Pool    // of *[]byte: what the lane is about to write
	readers *sync.Pool    // of *bufio.Reader: over heads that the lane is asked about first
	slots   chan struct{} // one per open connection; nil if unlimited
	gate    *gate
	renewed chan struct{} // there are other terms; wakes Rotate

	inUse certificates.InUse

	retired                   atomic.Bool
	begun, answered, hijacked atomic.Uint64 // requests

	mu     sync.Mutex
	terms  *terms               // of connections to come
	conns  map[*socket]struct{} // open, hijacked ones included
	vacant chan struct{}        // closed with the last of them; nil while nobody waits
}

// New returns a Server that is not listening yet.
func New(o Options) *Server {
	s := &Server{o: o.withDefaults(), conns: map[*socket]struct{}{}, terms: newTerms(o.TLS), renewed: make(chan struct{}, 1)}
	s.log = s.o.Logger
	s.buffers = &sync.Pool{New: func() any { return new([bufferBytes]byte) }}
	s.answers = &sync.Pool{New: func() any { return new([]byte) }}
	s.readers = &sync.Pool{New: func() any { return bufio.NewReader(nil) }}
	s.gate = newGate(s.o)
	if o.Connections > 0 {
		s.slots = make(chan struct{}, o.Connections)
	}
	s.http = &http.Server{
		Handler:                      http.HandlerFunc(s.handle),
		DisableGeneralOptionsHandler: true,
		MaxHeaderBytes:               s.o.HeaderBytes,
		// The time of a head is kept by conn; net/http gets to know the first head with its last byte.
		ReadHeaderTimeout: s.o.IdleTimeout,
		IdleTimeout:       s.o.IdleTimeout,
		Protocols:         protocols(s.o.H2C),
		ConnContext:       connContext,
		ConnState:         connState,
		ErrorLog:          log.New(logWriter{s.log}, "", 0),
	}
	return s
}

func protocols(h2c bool) *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(h2c)
	return p
}

// Serve accepts connections from l until Shutdown or Close, closes l, and returns http.ErrServerClosed; any other error
// is l's. It may run for several listeners.
func (s *Server) Serve(l net.Listener) error {
	d := s.open(l)
	defer func() { _ = d.Close() }() // closed by net/http already, unless it did not start
	return s.http.Serve(d)
}

// Close ends everything at once: listeners, and connections, the hijacked ones included.
func (s *Server) Close() error {
	s.closeIf(func(*socket) bool { return true }) // below net/http, so that closing does not linger
	return s.http.Close()
}

func (s *Server) closeIf(wanted func(*socket) bool) {
	s.mu.Lock()
	chosen := make([]*socket, 0, len(s.conns))
	for k := range s.conns {
		if wanted(k) {
			chosen = append(chosen, k)
		}
	}
	s.mu.Unlock()
	for _, k := range chosen {
		_ = k.Close() // it is going away
	}
}

// Connections returns how many are open now, hijacked ones included.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// admit waits for a free place. It reports false when done is closed first.
func (s *Server) admit(done <-chan struct{}) bool {
	if s.slots == nil {
		return true
	}
	select {
	case s.slots <- struct{}{}:
		return true
	case <-done:
		return false
	}
}

func (s *Server) release() {
	if s.slots != nil {
		<-s.slots
	}
}

func (s *Server) remember(c net.Conn, source netip.Prefix) *socket {
	k := &socket{Conn: c, server: s, source: source, stall: s.o.StallTimeout}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[k] = struct{}{}
	k.begin(s.terms, &s.inUse)
	return k
}

func (s *Server) forget(k *socket) {
	k.removeUse()
	s.mu.Lock()
	delete(s.conns, k)
	if s.vacant != nil && len(s.conns) == 0 {
		close(s.vacant)
		s.vacant = nil
	}
	s.mu.Unlock()
	s.gate.leave(k.source)
	s.release()
}

// wrap makes the vetted connection over c, which is k or TLS on top of it.
func (s *Server) wrap(k *socket, c net.Conn) *conn {
	v := &conn{Conn: c, socket: k, header: s.o.HeaderTimeout, stall: s.o.StallTimeout,
		in: stream{limit: s.o.HeaderBytes, h2c: s.o.H2C, pool: s.buffers}}
	if s.o.Lane != nil {
		v.lane = &lane{server: s}
	}
	return v
}
