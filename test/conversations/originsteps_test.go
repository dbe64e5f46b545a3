package conversations

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

// originVerbs are the words that tell a step without the name of a call from one with it.
var originVerbs = map[string]bool{
	"gets": true, "answers": true, "says": true, "sends": true, "reads": true, "closes": true, "ends": true,
	"resets": true, "is": true, "serves": true, "refuses": true, "returns": true, "speaks": true,
}

// doOrigin plays a step of the origin.
func (s *scene) doOrigin(step step) error {
	name := ""
	if !originVerbs[step.word(1)] {
		name = step.word(1)
		step.words = append([]string{"origin"}, step.words[2:]...)
	}
	switch step.word(1) {
	case "gets":
		return s.gets(name, step)
	case "serves":
		m, err := parseMessage(step.block)
		status, _ := strconv.Atoi(step.word(4))
		s.origin.serves(step.word(2), step.word(3), rule{statusLine(status), m})
		return err
	case "speaks":
		certificate, err := s.trust.issue("origin", 5)
		s.origin.secure(certificate)
		return err
	case "refuses":
		s.origin.refuse()
		return nil
	case "returns":
		return s.origin.listen()
	}
	c := s.last
	if name != "" {
		c = s.calls[name]
	}
	if c == nil {
		return fmt.Errorf("there is no call %q", name)
	}
	return respond(c, step)
}

// gets takes a call.
func (s *scene) gets(name string, step step) error {
	isWanted, err := expectation(step)
	if err != nil {
		return err
	}
	c, err := s.origin.take(isWanted)
	if err != nil {
		return err
	}
	s.last = c
	if name != "" {
		s.calls[name] = c
	}
	return nil
}

// expectation returns what says how a call differs from the one that a step wants.
func expectation(step step) (func(*call) error, error) {
	if step.word(2) != "raw" {
		want, err := parseMessage(step.block)
		return func(c *call) error { return c.check(step.word(2), step.word(3), want) }, err
	}
	want, err := step.raw()
	return func(c *call) error {
		if c.head != want {
			return fmt.Errorf("got %q, want %q", c.head, want)
		}
		return nil
	}, err
}

// respond plays a step about a call that was taken.
func respond(c *call, step step) error {
	switch step.word(1) {
	case "answers":
		m, err := parseMessage(step.block)
		if err != nil {
			return err
		}
		status, err := strconv.Atoi(step.word(2))
		if err != nil {
			return err
		}
		return c.answer(statusLine(status), m)
	case "says":
		text, err := step.raw()
		return errors.Join(err, c.write(text))
	case "sends":
		return c.write(step.word(2))
	case "reads":
		return read(c.readBytes, step.word(2))
	case "closes":
		return errors.Join(c.conn.Close(), c.end())
	case "resets":
		return errors.Join(c.reset(), c.end())
	case "ends":
		return c.conn.(interface{ CloseWrite() error }).CloseWrite()
	case "is":
		if step.word(2) == "done" {
			return c.end()
		}
		return c.isAbandoned()
	}
	return fmt.Errorf("the origin cannot %q", step.word(1))
}

func (c *call) readBytes(n int) (string, error) {
	if err := c.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	return readUpTo(c.br, n)
}

// isAbandoned waits for the other side to close the connection.
func (c *call) isAbandoned() error {
	got, err := c.readBytes(1)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errors.New("the call is still waited for")
	case got != "":
		return fmt.Errorf("got %q, want the end", got)
	case err == nil || errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("want the end of the connection")
	}
	return c.end()
}
