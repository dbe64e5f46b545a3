//go:build unix

package forward

import (
	"errors"
	"syscall"
)

// silent reports whether a socket is open and holds no unread byte, without waiting for one.
func silent(raw syscall.RawConn) bool {
	var (
		one  [1]byte
		peek error
	)
	err := raw.Read(func(fd uintptr) bool {
		_, _, peek = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	return err == nil && errors.Is(peek, syscall.EAGAIN)
}
