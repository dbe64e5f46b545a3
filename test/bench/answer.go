//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

var headEnd = []byte("\r\n\r\n")

// answer follows one response as its bytes arrive. It reads as little as a closed loop needs to know when
// the next request may go: the status and the length of the body.
type answer struct {
	status int
	body   int    // bytes of the body still to come; meaningful once status is set
	head   []byte // a head that has come in part; empty otherwise
}

// take consumes what a read returned and reports whether the response is complete. It is an error for
// bytes to follow the response, as only one request is in flight per connection, and for the body not to
// be framed by Content-Length (RFC 9112, section 6.3): every server here can say how long it is.
func (a *answer) take(b []byte) (bool, error) {
	if a.status == 0 {
		if len(a.head) > 0 {
			a.head = append(a.head, b...)
			b = a.head
		}
		end := bytes.Index(b, headEnd)
		if end < 0 {
			a.head = append(a.head[:0], b...)
			return false, nil
		}
		if err := a.parse(b[:end+2]); err != nil {
			return false, err
		}
		b = b[end+len(headEnd):]
		a.head = a.head[:0]
	}
	a.body -= len(b)
	if a.body < 0 {
		return false, errors.New("the server sent more than one response to one request")
	}
	return a.body == 0, nil
}

// reset makes a ready for the next response.
func (a *answer) reset() { a.status, a.body = 0, 0 }

// parse reads a head up to and including the CRLF of its last line.
func (a *answer) parse(head []byte) error {
	const statusAt = len("HTTP/1.1 ")
	if len(head) < statusAt+3 {
		return fmt.Errorf("not a response: %q", head)
	}
	status, err := strconv.Atoi(string(head[statusAt : statusAt+3]))
	if err != nil || status < 200 {
		return fmt.Errorf("not a final response: %q", head)
	}
	a.status = status
	if status == 304 || status == 204 {
		return nil
	}
	a.body, err = contentLength(head)
	return err
}

func contentLength(head []byte) (int, error) {
	const name = "\r\nContent-Length:"
	at := bytes.Index(head, []byte(name))
	if at < 0 {
		at = bytes.Index(bytes.ToLower(head), bytes.ToLower([]byte(name)))
	}
	if at < 0 {
		return 0, fmt.Errorf("a response without Content-Length: %q", head)
	}
	value := head[at+len(name):]
	value = bytes.TrimSpace(value[:bytes.IndexByte(value, '\r')])
	n, err := strconv.Atoi(string(value))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("Content-Length %q", value)
	}
	return n, nil
}
