//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

func parseAddr(addr string) (netip.AddrPort, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil || !to.Addr().Is4() {
		return to, fmt.Errorf("address %q: want an IPv4 address and a port", addr)
	}
	return to, nil
}

// connect opens a connection, on which nothing waits for more to send.
func connect(to netip.AddrPort) (fd int, err error) {
	fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("socket: %w", err)
	}
	err = errors.Join(
		syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}),
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1),
	)
	if err != nil {
		syscall.Close(fd)
		return 0, fmt.Errorf("connect to %v: %w", to, err)
	}
	return fd, nil
}

// await lets an epoll say when there is something to read from a connection. The event carries an index
// where C programs put the descriptor.
func await(epoll, fd, index int) error {
	err := errors.Join(
		syscall.SetNonblock(fd, true),
		syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(index)}),
	)
	if err != nil {
		return fmt.Errorf("wait for a connection: %w", err)
	}
	return nil
}

// send writes all of b at once. What does not fit into an empty socket buffer is a broken machine.
func send(fd int, b []byte) error {
	n, err := syscall.Write(fd, b)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if n < len(b) {
		return fmt.Errorf("send: the socket took %d of %d bytes", n, len(b))
	}
	return nil
}
