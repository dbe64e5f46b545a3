package frontdoor

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
)

func TestSourceIsTheAddressOrItsSlash64(t *testing.T) {
	tests := []struct{ addr, want string }{
		{"192.0.2.1", "192.0.2.1/32"},
		{"::ffff:192.0.2.1", "192.0.2.1/32"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"fe80::1%eth0", "fe80::/64"},
	}
	for _, test := range tests {
		if got := Source(netip.MustParseAddr(test.addr)).String(); got != test.want {
			t.Errorf("%s: got %s, want %s", test.addr, got, test.want)
		}
	}
	if got := Source(netip.Addr{}); got.IsValid() {
		t.Errorf("no address: got %s, want none", got)
	}
}

// from is a connection of a peer, of which nothing else matters.
type from struct {
	net.Conn
	peer string
}

func (f from) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(f.peer)) }

func TestConnectionsAreCountedBySource(t *testing.T) {
	g := newGate(Options{PerAddress: 2, Speakers: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	enter := func(peer, want string) (source netip.Prefix) {
		t.Helper()
		source, objection := g.enter(from{peer: peer})
		if objection != want {
			t.Errorf("%s: got %q, want %q", peer, objection, want)
		}
		return source
	}
	first := enter("192.0.2.1:1000", "")
	enter("192.0.2.1:1001", "")
	enter("192.0.2.1:1002", tooManyOfAddress)
	enter("192.0.2.2:1000", "")
	enter("[2001:db8::1]:1", "")
	enter("[2001:db8::2]:1", "")
	enter("[2001:db8::ffff:3]:1", tooManyOfAddress)
	enter("[2001:db8:0:1::3]:1", "")
	for range 5 {
		enter("10.1.2.3:1000", "")
		enter("[::ffff:10.1.2.3]:1000", "")
	}
	g.leave(first)
	enter("192.0.2.1:1003", "")
	enter("192.0.2.1:1004", tooManyOfAddress)
}

func TestGateRemembersNobodyWhoHasLeft(t *testing.T) {
	g := newGate(Options{PerAddress: 1})
	for range 3 {
		source, objection := g.enter(from{peer: "192.0.2.1:1000"})
		if objection != "" {
			t.Fatalf("got %q, want to be let in", objection)
		}
		g.leave(source)
	}
	if len(g.open) > 0 {
		t.Errorf("%v is remembered, want nobody", g.open)
	}
}

// letIn opens a connection and asks for something, and returns nil if the server has closed it unasked, which the
// client may meet as early as it connects.
func letIn(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &client{conn, t, bufio.NewReader(conn)}
	_, _ = io.WriteString(c, "GET /here HTTP/1.1\r\n"+ok)
	if _, err := c.in.Peek(1); err != nil {
		return nil
	}
	if status, _, _ := c.response(); status != 200 {
		t.Errorf("got %d, want 200", status)
	}
	return c
}

func TestAddressWithTooManyConnectionsIsRefusedAndServedAgainOnceOneIsClosed(t *testing.T) {
	refused := make(chan string, 1000)
	_, addr := serve(t, Options{Handler: echo, PerAddress: 2, Connections: 3, Refused: func(reason string) { refused <- reason }})
	first, second := letIn(t, addr), letIn(t, addr)
	if first == nil || second == nil {
		t.Fatal("refused, want two to be let in")
	}
	for range 3 { // which gives its place back: there are three in all
		if letIn(t, addr) != nil {
			t.Error("a third connection was let in")
		}
		if got := <-refused; got != tooManyOfAddress {
			t.Errorf("refused for %q, want %q", got, tooManyOfAddress)
		}
	}
	_ = first.Close()
	for letIn(t, addr) == nil { // the server takes a moment to notice
	}
}

func TestClientsLeaveTheLastFileDescriptorsToOthers(t *testing.T) {
	spare, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	highest := int(spare.Fd())
	spare.Close()
	// The listener and the client's end take some, too.
	_, addr := serve(t, Options{Handler: echo, Descriptors: highest + 20})
	var open []*client
	for c := letIn(t, addr); c != nil && len(open) < 20; c = letIn(t, addr) {
		open = append(open, c)
	}
	if len(open) == 0 || len(open) == 20 {
		t.Errorf("%d connections were let in, want some", len(open))
	}
	for _, c := range open {
		c.send("GET /again HTTP/1.1\r\n" + ok)
		if status, _, _ := c.response(); status != 200 {
			t.Errorf("who was in: got %d, want 200", status)
		}
	}
}
