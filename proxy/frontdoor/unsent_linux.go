package frontdoor

import "syscall"

// limitUnsent has a socket take no more for as long as so many bytes wait in the kernel to be sent. Without it the kernel
// buffers megabytes for a client that reads nothing, and a thousand of these bring the whole machine under the pressure
// of tcp_mem.
func limitUnsent(c syscall.RawConn, bytes int) {
	const notSentLowat = 25 // TCP_NOTSENT_LOWAT of linux/tcp.h
	_ = c.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, notSentLowat, bytes) // a kernel that cannot buffers more
	})
}
