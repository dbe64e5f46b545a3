package forward

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// tunnelBuffer is what each direction of a tunnel holds, in bytes, for as long as it is open:
// thousands of silent WebSockets are what it is sized for.
const tunnelBuffer = 4 << 10

// A duplex is a connection whose two directions end independently.
type duplex interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// A tunnelEnd is the upstream's end of a tunnel: the body of a 101.
type tunnelEnd struct{ call *call }

// Read yields first what came together with the response's head.
func (t *tunnelEnd) Read(p []byte) (int, error) {
	if br := t.call.link.br; br.Buffered() > 0 {
		return br.Read(p[:min(len(p), br.Buffered())])
	}
	return t.call.link.Conn.Read(p)
}

func (t *tunnelEnd) Write(p []byte) (int, error) { return t.call.link.Conn.Write(p) }

func (t *tunnelEnd) CloseWrite() error { return closeWrite(t.call.link.Conn) }

func (t *tunnelEnd) Close() error {
	t.call.end(false)
	return nil
}

// A clientEnd is the client's end of a tunnel.
type clientEnd struct {
	net.Conn
	early io.Reader // what came before the connection was handed over, then the connection
}

func (c *clientEnd) Read(p []byte) (int, error) { return c.early.Read(p) }

func (c *clientEnd) CloseWrite() error { return closeWrite(c.Conn) }

// closeWrite closes the write side of a TCP or TLS connection; another it closes altogether,
// because an end that is not passed on would leave the other side waiting for ever.
func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// tunnel answers with the upstream's 101 and then passes bytes both ways, without any limit of
// time, until both sides have ended, one breaks, or the request's context ends.
func (x *Exchange) tunnel(w http.ResponseWriter, resp *http.Response) Result {
	client, err := hijack(w)
	if err != nil {
		return x.fail(w, err)
	}
	defer client.Close()
	if err := writeSwitch(client, resp); err != nil {
		return Result{Status: resp.StatusCode, Err: err, Broken: true}
	}
	return Result{Status: resp.StatusCode, Sent: join(resp.Request.Context(), client, resp.Body.(duplex))}
}

func hijack(w http.ResponseWriter) (*clientEnd, error) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, fmt.Errorf("%w: take over the connection: %w", ErrRequest, err)
	}
	// Not through the reader itself once that is empty: net/http's takes the end of what the
	// client sends for the end of the client.
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	return &clientEnd{Conn: conn, early: io.MultiReader(bytes.NewReader(early), conn)}, nil
}

func writeSwitch(w io.Writer, resp *http.Response) error {
	b := borrowHead()
	defer returnHead(b)
	b.WriteString("HTTP/1.1 " + resp.Status + "\r\n")
	resp.Header.Write(b)
	b.WriteString("\r\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("%w: write 101: %w", ErrGone, err)
	}
	return nil
}

// join copies both ways until both directions have ended, and returns how many bytes went to
// the client. Whatever breaks one direction ends the other.
func join(ctx context.Context, client, upstream duplex) int64 {
	sever := func() {
		client.Close()
		upstream.Close()
	}
	defer context.AfterFunc(ctx, sever)()
	upwards := make(chan struct{})
	go func() {
		defer close(upwards)
		if _, err := carry(upstream, client); err != nil {
			sever()
		}
	}()
	n, err := carry(client, upstream)
	if err != nil {
		sever()
	}
	<-upwards
	return n
}

// carry copies from src to dst and passes the end of src on.
func carry(dst, src duplex) (int64, error) {
	buf := make([]byte, tunnelBuffer)
	n, err := io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, buf)
	if err != nil {
		return n, err
	}
	return n, dst.CloseWrite()
}
