package demo

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
)

// A balancer gives each connection to the next of several servers and does not look inside. All of them serve one site, by one name.
type balancer struct {
	// Set by balance, then read-only.
	url      *url.URL
	listener net.Listener
	servers  []string // addresses
	ctx      context.Context
	cancel   context.CancelFunc

	carrying sync.WaitGroup
}

// balance opens a door to servers. Whoever calls it calls close.
func balance(servers []string) (*balancer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a port for the balancer: %w", err)
	}
	b := &balancer{url: &url.URL{Scheme: "http", Host: l.Addr().String()}, listener: l, servers: servers}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.carrying.Go(b.accept)
	return b, nil
}

// close ends all connections.
func (b *balancer) close() {
	b.listener.Close()
	b.cancel()
	b.carrying.Wait()
}

func (b *balancer) accept() {
	for turn := 0; ; turn++ {
		client, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.carrying.Go(func() { b.carry(client, b.servers[turn%len(b.servers)]) })
	}
}

func (b *balancer) carry(client net.Conn, to string) {
	defer client.Close()
	server, err := (&net.Dialer{}).DialContext(b.ctx, "tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	defer context.AfterFunc(b.ctx, func() {
		client.Close()
		server.Close()
	})()
	var there sync.WaitGroup
	there.Go(func() { pipe(server, client) })
	pipe(client, server)
	there.Wait()
}

// pipe passes on what comes, and that nothing more will.
func pipe(to, from net.Conn) {
	io.Copy(to, from)              // ends with either connection
	to.(*net.TCPConn).CloseWrite() // fails when it has ended
}
