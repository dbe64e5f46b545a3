package protocol

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait for the program.
const patience = 10 * time.Second

// A client is a connection, on which one request has been sent.
type client struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader // of the connection

	method string        // of the request
	body   *bufio.Reader // of the response; nil where there are messages
	ends   bool          // the body does, by itself
}

// ask opens a connection and sends a head on it.
func ask(t *testing.T, address string, head []string) *client {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err = io.WriteString(conn, strings.Join(head, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(head[0], " ")
	return &client{t: t, conn: conn, in: bufio.NewReader(conn), method: method}
}

// head returns the lines of the response's head, as they came.
func (c *client) head() (lines []string) {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(patience))
	var raw strings.Builder
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			c.t.Fatalf("reading a head after %q: %v", raw.String(), err)
		}
		raw.WriteString(line)
		if line == "\r\n" {
			break
		}
		lines = append(lines, strings.TrimSuffix(line, "\r\n"))
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.MultiReader(strings.NewReader(raw.String()), c.in)), &http.Request{Method: c.method})
	if err != nil {
		c.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		c.body, c.ends = bufio.NewReader(resp.Body), resp.ContentLength >= 0 || c.method == http.MethodHead
	}
	return lines
}

// speaks reports whether the client and the server exchange messages.
func (c *client) speaks() bool { return c != nil && c.body == nil }

// next returns the next line of the response, or the next message.
func (c *client) next() (string, error) {
	c.conn.SetReadDeadline(time.Now().Add(patience))
	if c.speaks() {
		return c.message()
	}
	line, err := c.body.ReadString('\n')
	if line != "" && errors.Is(err, io.EOF) {
		return line, nil
	}
	return strings.TrimSuffix(line, "\n"), err
}

// message returns the next message that is no ping.
func (c *client) message() (string, error) {
	for {
		code, payload, err := readFrame(c.in)
		switch {
		case err != nil:
			return "", err
		case code == closing:
			return closed(payload), nil
		case code == pinging: // the first comes at any time
		case code != text:
			return "", fmt.Errorf("a frame of opcode %d", code)
		case !strings.HasPrefix(string(payload), `{"type":"ping"`):
			return string(payload), nil
		}
	}
}

func (c *client) send(message string) {
	c.t.Helper()
	if _, err := c.conn.Write(frameOf(message)); err != nil {
		c.t.Fatalf("sending %s: %v", message, err)
	}
}
