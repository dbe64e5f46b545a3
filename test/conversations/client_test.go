package conversations

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// A client is one that talks to the front door.
type client interface {
	send(r request) error
	sendBytes(text string) error
	next() (*http.Response, error) // the next response; its body must be read before the one after it
	readBytes(n int) (string, error)
	finish() (string, error) // reads the open response to its end
	seesEnd() error
	closeSending() error
	close() error
}

// A request is what a client sends.
type request struct {
	method, target string
	message
}

// A wire is a client that speaks HTTP/1 and shows every byte of it.
type wire struct {
	conn    net.Conn
	br      *bufio.Reader
	version string
	method  string        // of the request that is to be answered
	body    io.ReadCloser // of the response that is open
}

func newWire(conn net.Conn, version string) *wire {
	return &wire{conn: conn, br: bufio.NewReader(conn), version: version, method: http.MethodGet}
}

func (w *wire) send(r request) error {
	w.method = r.method
	if !r.has("Host") {
		r.fields = append([]field{{"Host", "app.test"}}, r.fields...)
	}
	return w.sendBytes(r.write(r.method+" "+r.target+" "+w.version, false))
}

func (w *wire) sendBytes(text string) error {
	if err := w.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := io.WriteString(w.conn, text)
	return err
}

func (w *wire) next() (*http.Response, error) {
	if err := w.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(w.br, &http.Request{Method: w.method})
	if err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
		w.body = resp.Body
	}
	return resp, err
}

// readBytes reads from the open response, or what follows the last one.
func (w *wire) readBytes(n int) (string, error) {
	if err := w.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	from := io.Reader(w.br)
	if w.body != nil {
		from = w.body
	}
	return readUpTo(from, n)
}

func (w *wire) finish() (string, error) {
	if w.body == nil {
		return "", nil
	}
	content, err := io.ReadAll(w.body)
	w.body = nil
	return string(content), err
}

func (w *wire) closeSending() error {
	if half, ok := w.conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return fmt.Errorf("%T has no half to close", w.conn)
}

func (w *wire) close() error { return w.conn.Close() }

// readUpTo reads n bytes, fewer if the end comes first.
func readUpTo(r io.Reader, n int) (string, error) {
	buf := make([]byte, n)
	got, err := io.ReadFull(r, buf)
	if got > 0 && errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return string(buf[:got]), err
}

// seesEnd says what came in place of the end of the open response, or else of the connection, for which a reset will
// do, too.
func (w *wire) seesEnd() error { return expectEnd(w.readBytes(1)) }

func expectEnd(got string, err error) error {
	switch {
	case got != "":
		return fmt.Errorf("got %q, want the end", got)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("the connection stays open")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the response broke off")
	}
	return nil
}
