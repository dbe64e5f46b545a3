// Package nameserver is a DNS server that says what a test has it say.
package nameserver

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// A Service is one SRV record (RFC 2782).
type Service struct {
	Target   string // a name that has addresses
	Port     uint16
	Priority uint16
}

// A Server answers until the test is over. It is safe for concurrent use.
type Server struct {
	Address string // host:port, UDP

	mu       sync.Mutex
	hosts    map[string][]netip.Addr // guarded by mu
	services map[string][]Service    // guarded by mu
	isBroken bool                    // guarded by mu
}

// Start returns a server that knows no name.
func Start(t testing.TB) *Server {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: conn.LocalAddr().String(), hosts: map[string][]netip.Addr{}, services: map[string][]Service{}}
	var serving sync.WaitGroup
	serving.Go(func() { s.serve(conn) })
	t.Cleanup(func() { conn.Close(); serving.Wait() })
	return s
}

// Host gives a name these addresses and no other.
func (s *Server) Host(name string, addresses ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts[name] = nil
	for _, a := range addresses {
		s.hosts[name] = append(s.hosts[name], netip.MustParseAddr(a))
	}
}

// Serve gives a name these services and no other.
func (s *Server) Serve(name string, services ...Service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services[name] = services
}

// Break has every question answered with SERVFAIL, or no longer.
func (s *Server) Break(isBroken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isBroken = isBroken
}

func (s *Server) serve(conn net.PacketConn) {
	buf := make([]byte, 4096)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var question dnsmessage.Message
		if question.Unpack(buf[:n]) != nil || len(question.Questions) != 1 {
			continue
		}
		answer := s.answer(question)
		if packed, err := answer.Pack(); err == nil {
			_, _ = conn.WriteTo(packed, from) // who is lost asks again
		}
	}
}

func (s *Server) answer(question dnsmessage.Message) dnsmessage.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := question.Questions[0]
	name := q.Name.String()
	name = name[:len(name)-1]
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: question.ID, Response: true, Authoritative: true, RecursionDesired: question.RecursionDesired, RecursionAvailable: true},
		Questions: question.Questions,
	}
	hosts, isHost := s.hosts[name]
	services, isService := s.services[name]
	switch {
	case s.isBroken:
		m.RCode = dnsmessage.RCodeServerFailure
	case !isHost && !isService:
		m.RCode = dnsmessage.RCodeNameError
	}
	if m.RCode != dnsmessage.RCodeSuccess {
		return m
	}
	header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
	for _, a := range hosts {
		switch {
		case q.Type == dnsmessage.TypeA && a.Is4():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: a.As4()}})
		case q.Type == dnsmessage.TypeAAAA && a.Is6():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	for _, v := range services {
		if q.Type == dnsmessage.TypeSRV {
			body := &dnsmessage.SRVResource{Priority: v.Priority, Port: v.Port, Target: dnsmessage.MustNewName(v.Target + ".")}
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: body})
		}
	}
	return m
}
