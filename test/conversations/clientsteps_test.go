package conversations

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
)

// client plays a step of one client, or of a range of them.
func (s *scene) client(step step) error {
	all, err := names(step.word(1))
	if err != nil {
		return err
	}
	for _, name := range all {
		c, err := s.clientNamed(name, step)
		if err == nil {
			err = talk(c, step)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// clientNamed returns the client, which it connects if there is none of that name.
func (s *scene) clientNamed(name string, step step) (client, error) {
	if c, ok := s.clients[name]; ok {
		return c, nil
	}
	protocol := "http"
	if i := slices.Index(step.words, "over"); i > 0 {
		protocol = step.word(i + 1)
	}
	c, err := s.connect(protocol)
	if err == nil {
		s.clients[name] = c
	}
	return c, err
}

func (s *scene) connect(protocol string) (client, error) {
	if s.process == nil {
		return nil, errors.New("the program does not run")
	}
	front := s.process.Front
	config, err := s.trust.trust(protocol == "https+cert")
	if err != nil {
		return nil, err
	}
	switch protocol {
	case "h2":
		return newH2(front, config), nil
	case "h2c":
		return newH2(front, nil), nil
	case "https", "https+cert":
		conn, err := tls.Dial("tcp", front, config)
		return newWire(conn, "HTTP/1.1"), err
	}
	version, ok := map[string]string{"http": "HTTP/1.1", "http1.0": "HTTP/1.0"}[protocol]
	if !ok {
		return nil, fmt.Errorf("there is no protocol %q", protocol)
	}
	conn, err := net.Dial("tcp", front)
	return newWire(conn, version), err
}

// talk plays a step of one client.
func talk(c client, step step) error {
	switch step.word(2) {
	case "raw":
		text, err := step.raw()
		return errors.Join(err, c.sendBytes(text))
	case "sends":
		return c.sendBytes(step.word(3))
	case "gets":
		if step.word(3) == "cut" {
			_, err := c.finish()
			return expectCut(err)
		}
		return get(c, step)
	case "reads":
		return read(c.readBytes, step.word(3))
	case "sees":
		return c.seesEnd()
	case "hangs":
		return c.close()
	case "ends":
		return c.closeSending()
	}
	m, err := parseMessage(step.block)
	if err != nil {
		return err
	}
	return c.send(request{step.word(2), step.word(3), m})
}

// read takes exactly the bytes that are wanted.
func read(from func(n int) (string, error), want string) error {
	got, err := from(len(want))
	if got != want {
		return errors.Join(fmt.Errorf("got %q, want %q", got, want), err)
	}
	return nil
}

// get takes the next response and compares it with the block.
func get(c client, step step) error {
	want, err := parseMessage(step.block)
	if err != nil {
		return err
	}
	resp, err := c.next()
	if err != nil {
		return fmt.Errorf("no response: %w", err)
	}
	rest := strings.Join(step.words[min(4, len(step.words)):], " ")
	var content string
	if rest != "streaming" && resp.StatusCode != http.StatusSwitchingProtocols {
		content, err = c.finish()
	}
	switch {
	case strconv.Itoa(resp.StatusCode) != step.word(3):
		return fmt.Errorf("got status %d, want %s; fields %v, content %q", resp.StatusCode, step.word(3), resp.Header, content)
	case rest == "cut off":
		err = expectCut(err)
	}
	if err != nil {
		return fmt.Errorf("after content %q: %w", content, err)
	}
	fields := described(resp)
	if err := want.checkFields(fields); err != nil {
		return err
	}
	return want.checkContent(content)
}

// expectCut says what a response ended with instead of breaking off.
func expectCut(err error) error {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("the response ends with %v, want it cut off", err)
	}
	return nil
}

// described returns a response's fields, with those that net/http keeps elsewhere: framing, and trailers as
// "Trailer-Name".
func described(resp *http.Response) http.Header {
	h := resp.Header.Clone()
	if resp.TransferEncoding != nil {
		h["Transfer-Encoding"] = resp.TransferEncoding
	}
	if resp.Close && resp.ProtoAtLeast(1, 1) {
		h["Connection"] = []string{"close"}
	}
	for name, values := range resp.Trailer {
		if values != nil {
			h["Trailer-"+name] = values
		}
	}
	return h
}
