package conversations

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"time"
)

// A call is a request that reached the origin, on a connection that is its own until it has been answered.
type call struct {
	conn     net.Conn
	br       *bufio.Reader
	head     string // as it came, the empty line included
	method   string
	target   string
	header   http.Header // Host included
	taken    bool        // by a step; guarded by origin.mu
	answered chan struct{}
	isRead   bool // the body
	content  string
}

// readCall reads the head of the next request on a connection.
func readCall(conn net.Conn, br *bufio.Reader) (*call, error) {
	var head strings.Builder
	for !strings.HasSuffix(head.String(), "\r\n\r\n") {
		line, err := br.ReadString('\n')
		head.WriteString(line)
		if err != nil {
			return nil, err
		}
	}
	c := &call{conn: conn, br: br, head: head.String(), answered: make(chan struct{})}
	requestLine, fields, _ := strings.Cut(c.head, "\r\n")
	c.method, c.target, _ = strings.Cut(requestLine, " ")
	c.target = strings.TrimSuffix(c.target, " HTTP/1.1")
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(fields))).ReadMIMEHeader()
	if err != nil {
		return nil, fmt.Errorf("head %q: %w", c.head, err)
	}
	c.header = http.Header(header)
	if c.header.Get("Expect") == "" {
		return c, c.readBody()
	}
	return c, nil
}

// readBody reads the request's body, once.
func (c *call) readBody() error {
	if c.isRead || c.header.Get("Upgrade") != "" {
		return nil
	}
	c.isRead = true
	req, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(c.framing()), c.br)))
	if err != nil {
		return fmt.Errorf("framing of %q: %w", c.head, err)
	}
	content, err := io.ReadAll(req.Body)
	c.content = string(content)
	for name, values := range req.Trailer {
		c.header["Trailer-"+name] = values
	}
	if err != nil {
		return fmt.Errorf("body after %q: %w", c.content, err)
	}
	return nil
}

// framing is a head that frames the body of the call and says no more, so that net/http does not judge the rest.
func (c *call) framing() string {
	head := "POST / HTTP/1.1\r\nHost: framing\r\n"
	for _, name := range []string{"Content-Length", "Transfer-Encoding", "Trailer"} {
		for _, value := range c.header[name] {
			head += name + ": " + value + "\r\n"
		}
	}
	return head + "\r\n"
}

// check compares the call with what a step expects.
func (c *call) check(method, target string, want message) error {
	if c.method != method || c.target != target {
		return fmt.Errorf("got %s %s, want %s %s", c.method, c.target, method, target)
	}
	if err := want.checkFields(c.header); err != nil {
		return err
	}
	return want.checkContent(c.content)
}

// answer writes a response, and ends the call if it is a final one.
func (c *call) answer(status string, m message) error {
	code, _, _ := strings.Cut(status, " ")
	interim := strings.HasPrefix(code, "1")
	if !interim && c.header.Get("Expect") == "" {
		_ = c.readBody() // a client may have gone in the middle of it
	}
	bodiless := interim || code == "204" || code == "304"
	if c.method == http.MethodHead {
		m.content = ""
		bodiless = true
	}
	err := c.write(m.write("HTTP/1.1 "+status, !bodiless))
	if interim {
		return err
	}
	return errors.Join(err, c.end())
}

// end gives the connection back for further calls.
func (c *call) end() error {
	select {
	case <-c.answered:
		return errors.New("the call has been answered already")
	default:
		close(c.answered)
		return nil
	}
}

func (c *call) write(text string) error {
	if err := c.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := io.WriteString(c.conn, text)
	return err
}

// reset closes the connection so that the other side sees it broken.
func (c *call) reset() error {
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		if err := tcp.SetLinger(0); err != nil {
			return err
		}
	}
	return c.conn.Close()
}
