package readiness_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/push"
	"github.com/pollard-proxy/pollard/push/readiness"
)

// scene is a poller and a connection.
type scene struct {
	poller         *readiness.Poller
	client, server net.Conn
	ready          push.Readiness // of server
	woken          chan struct{}
}

func newScene(t *testing.T) *scene {
	t.Helper()
	p, err := readiness.New()
	if err != nil {
		t.Fatalf("making a poller: %v", err)
	}
	t.Cleanup(p.Close)
	s := &scene{poller: p, woken: make(chan struct{}, 100)}
	s.client, s.server = pair(t)
	s.ready = p.Of(s.server)
	if s.ready == nil {
		t.Fatal("nothing tells when a TCP connection can be read")
	}
	return s
}

func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening: %v", err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatalf("dialling: %v", err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatalf("accepting: %v", err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func (s *scene) wake() { s.woken <- struct{}{} }

func (s *scene) await(t *testing.T) {
	t.Helper()
	if !s.ready.Await(s.wake) {
		t.Fatal("the wait could not begin")
	}
}

// read takes so many bytes in.
func (s *scene) read(t *testing.T, n int64) {
	t.Helper()
	if _, err := io.CopyN(io.Discard, s.server, n); err != nil {
		t.Fatalf("reading: %v", err)
	}
}

func TestEachWaitIsWokenOnce(t *testing.T) {
	s := newScene(t)
	for range 3 {
		s.await(t)
		s.client.Write([]byte("ab"))
		<-s.woken
		s.client.Write([]byte("c")) // nobody waits for that
		s.read(t, 3)
	}
	if n := len(s.woken); n > 0 {
		t.Errorf("woken %d times more than was waited", n)
	}
}

func TestWhatCameBeforeTheWaitWakesIt(t *testing.T) {
	s := newScene(t)
	s.client.Write([]byte("ab"))
	s.read(t, 1)
	s.await(t)
	<-s.woken
}

func TestTheOtherEndClosingWakes(t *testing.T) {
	s := newScene(t)
	s.await(t)
	s.client.Close()
	<-s.woken
}

func TestDeadlinesOfTheConnectionStillHold(t *testing.T) {
	s := newScene(t)
	s.await(t)
	s.server.SetReadDeadline(time.Unix(1, 0))
	if _, err := s.server.Read(make([]byte, 1)); err == nil {
		t.Error("a read after its deadline succeeded")
	}
	s.server.SetReadDeadline(time.Time{})
	s.client.Write([]byte("a"))
	<-s.woken
	s.read(t, 1)
}

func TestWhoHasStoppedIsNotWoken(t *testing.T) {
	s := newScene(t)
	s.await(t)
	s.ready.Stop()
	s.client.Write([]byte("a"))
	s.settle(t)
	if len(s.woken) > 0 {
		t.Error("woken after the end")
	}
	if s.ready.Await(s.wake) {
		t.Error("a wait began after the end")
	}
}

// settle returns when the poller has gone through what happened before.
func (s *scene) settle(t *testing.T) {
	t.Helper()
	client, server := pair(t)
	done := make(chan struct{})
	if !s.poller.Of(server).Await(func() { close(done) }) {
		t.Fatal("the wait could not begin")
	}
	client.Write([]byte("a"))
	<-done
}

func TestADescriptorThatWasGivenAwayWakesItsNewOwnerAlone(t *testing.T) {
	s := newScene(t)
	s.await(t)
	s.ready.Stop()
	s.server.Close()
	for range 20 { // one of them has the descriptor now
		client, server := pair(t)
		done := make(chan struct{})
		if !s.poller.Of(server).Await(func() { close(done) }) {
			t.Fatal("the wait could not begin")
		}
		client.Write([]byte("a"))
		<-done
	}
	if len(s.woken) > 0 {
		t.Error("woken by another connection")
	}
}

func TestAWaitCannotBeginOnAClosedConnectionNorOnAClosedPoller(t *testing.T) {
	s := newScene(t)
	other, _ := pair(t)
	ready := s.poller.Of(other)
	other.Close()
	if ready.Await(s.wake) {
		t.Error("a wait began on a closed connection")
	}
	s.poller.Close()
	s.poller.Close()
	if s.ready.Await(s.wake) {
		t.Error("a wait began on a closed poller")
	}
}

func TestAConnectionWithoutADescriptorIsReadByAGoroutine(t *testing.T) {
	s := newScene(t)
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	if s.poller.Of(server) != nil {
		t.Error("something tells when a pipe in memory can be read")
	}
}
