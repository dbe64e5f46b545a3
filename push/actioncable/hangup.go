package actioncable

import (
	"io"
	"net"
	"time"
)

// Bounds of what is read from a client only to be thrown away.
const (
	lingerTime  = 2 * time.Second
	lingerBytes = 4 << 20
)

// hangUp closes a connection once the client has read to the end, or has had the
// time. A connection that is closed with something unread in it is reset, and
// the close frame may be lost with that.
func hangUp(conn net.Conn) {
	defer conn.Close()
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() != nil {
		return // it is closed already
	}
	conn.SetReadDeadline(time.Now().Add(lingerTime))
	io.CopyN(io.Discard, conn, lingerBytes)
}
