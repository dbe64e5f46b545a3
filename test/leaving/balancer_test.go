package leaving

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// A balancer hands each TCP connection to the next of the instances that it believes to be ready. It looks at their
// /readyz often, and goes on sending to one that says no until it has said so for as long as late, as endpoints
// controllers, kube-proxies and health checks with thresholds do.
type balancer struct {
	net.Listener
	instances []*rolled
	late      time.Duration
	report    func(error) // what an instance did to a connection

	mu       sync.Mutex
	next     int
	believed []belief      // of each instance; guarded by mu, like all here
	apart    time.Duration // the longest from one look to the next
}

// belief is what the balancer knows of an instance.
type belief struct {
	ready bool
	until time.Time // where it is not ready any more: when it stops getting connections
}

// looking is how long the balancer rests between two looks.
const looking = 20 * time.Millisecond

// balance runs a balancer until the test ends. By then its clients are gone, or they go now.
func balance(t *testing.T, late time.Duration, report func(error), instances ...*rolled) *balancer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{Listener: l, instances: instances, late: late, report: report, believed: make([]belief, len(instances))}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for i := range instances {
		all.Go(func() { b.look(ctx, i) })
	}
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { b.carry(ctx, c.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		cancel()
		all.Wait()
	})
	return b
}

// look looks at an instance until ctx ends.
func (b *balancer) look(ctx context.Context, i int) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	last := time.Now()
	for ctx.Err() == nil {
		ready := answersReady(ctx, client, b.instances[i].admin)
		now := time.Now()
		b.mu.Lock()
		if was := &b.believed[i]; was.ready && !ready {
			was.until = now.Add(b.late)
		}
		b.believed[i].ready = ready
		b.apart = max(b.apart, now.Sub(last))
		b.mu.Unlock()
		last = now
		select {
		case <-time.After(looking):
		case <-ctx.Done():
		}
	}
}

func answersReady(ctx context.Context, client *http.Client, admin string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := client.Do(r)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// takes waits until the balancer believes that an instance is ready.
func (b *balancer) takes(t *testing.T, i int) {
	t.Helper()
	err := program.Until(15*time.Second, func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if !b.believed[i].ready {
			return fmt.Errorf("the balancer does not take instance %d in", i)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// lookedEvery returns the longest time from one look at an instance to the next.
func (b *balancer) lookedEvery() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.apart
}

// choose returns who gets the next connection, nil where nobody is believed to be ready.
func (b *balancer) choose() *rolled {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.instances {
		i := b.next
		b.next = (b.next + 1) % len(b.instances)
		if b.believed[i].ready || time.Now().Before(b.believed[i].until) {
			return b.instances[i]
		}
	}
	return nil
}

// carry carries a client's connection to an instance until both sides are done, or ctx is.
func (b *balancer) carry(ctx context.Context, client *net.TCPConn) {
	defer client.Close()
	to := b.choose()
	if to == nil {
		b.report(errors.New("no instance is ready"))
		return
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.front)
	if err != nil {
		b.fail(ctx, fmt.Errorf("an instance that still got connections refused one: %w", err))
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { client.Close(); conn.Close() })()
	server := conn.(*net.TCPConn)
	var up sync.WaitGroup
	up.Go(func() {
		_, _ = io.Copy(server, client) // a client may leave as it likes; a server that is gone shows in what it answers
		_ = server.CloseWrite()
	})
	said := &source{Reader: server}
	_, _ = io.Copy(client, said) // the client may be gone
	if errors.Is(said.err, syscall.ECONNRESET) {
		b.fail(ctx, fmt.Errorf("an instance reset a connection: %w", said.err))
		_ = client.SetLinger(0) // the client sees no proper end either
		_ = client.Close()
	}
	_ = client.CloseWrite()
	up.Wait()
}

// A source knows why it could not be read any more.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (n int, err error) {
	n, err = s.Reader.Read(p)
	s.err = err
	return n, err
}

// fail reports what happened, unless it is because the test is over.
func (b *balancer) fail(ctx context.Context, err error) {
	if ctx.Err() == nil {
		b.report(err)
	}
}
