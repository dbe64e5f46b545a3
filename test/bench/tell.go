//go:build linux

package main

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// teller tells one place of changes, on a connection of its own. It reads the answer only when it is
// asked to: by then the watchers may have been told already, and somebody must listen to them.
type teller struct {
	place
	fd     int
	answer answer
}

// tellers are told of each change in turn: who comes later relies on those before.
type tellers []*teller

func tellersOf(places []place) (tellers, error) {
	var ts tellers
	for _, p := range places {
		to, err := parseAddr(p.Addr)
		if err != nil {
			ts.close()
			return nil, err
		}
		fd, err := connect(to)
		if err != nil {
			ts.close()
			return nil, err
		}
		ts = append(ts, &teller{place: p, fd: fd})
	}
	return ts, nil
}

func (ts tellers) close() {
	for _, t := range ts {
		syscall.Close(t.fd)
	}
}

// tell tells everyone in turn, and returns the time just before the last was told. What that one answers
// is left to heard.
func (ts tellers) tell(document []byte) (last time.Time, err error) {
	for i, t := range ts {
		if i > 0 {
			if err := ts[i-1].heard(); err != nil {
				return last, err
			}
		}
		last = time.Now()
		if err := send(t.fd, t.request(document)); err != nil {
			return last, err
		}
	}
	return last, nil
}

// heard waits for the answer of the last that was told.
func (ts tellers) heard() error { return ts[len(ts)-1].heard() }

func (t *teller) request(document []byte) []byte {
	body := document
	if t.Body != "" {
		body = []byte(t.Body)
	}
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		t.Target, t.Addr, len(body), body)
}

func (t *teller) heard() error {
	t.answer.reset()
	for buf := make([]byte, 4096); ; {
		n, err := syscall.Read(t.fd, buf)
		if err == nil && n == 0 {
			err = errors.New("it closed")
		}
		if err != nil {
			return fmt.Errorf("tell %s%s: %w", t.Addr, t.Target, err)
		}
		done, err := t.answer.take(buf[:n])
		if err != nil {
			return err
		}
		if done {
			break
		}
	}
	if t.answer.status >= 300 {
		return fmt.Errorf("tell %s%s: got %d", t.Addr, t.Target, t.answer.status)
	}
	return nil
}
