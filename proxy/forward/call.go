package forward

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// A call is one request and its response on one link.
type call struct {
	// set by attempt, then read-only
	req     *http.Request
	link    *link
	hooks   *hooks
	unwatch func() bool // ends the watch over the request's context

	// owned by run
	upload  *upload // nil without a body
	started bool    // a byte of the answer came
	keep    bool    // the response's framing lets the connection be kept

	once sync.Once // for end
}

// run writes the request and returns the response once its head is complete.
func (c *call) run() (*http.Response, error) {
	if err := c.send(); err != nil {
		return nil, err
	}
	c.link.budget = headLimit
	if _, err := c.link.br.Peek(1); err != nil {
		return nil, err
	}
	c.started = true
	for {
		h, err := readHead(c.link.text)
		if err != nil {
			return nil, err
		}
		if !h.isInterim() {
			c.upload.decide(false)
			return c.respond(h)
		}
		c.hooks.inform(h.status, h.fields)
		if h.status == http.StatusContinue {
			c.upload.decide(true)
		}
	}
}

// send writes the head and starts writing the body.
func (c *call) send() error {
	withBody := hasBody(c.req)
	err := writeHead(c.link.Conn, c.req, c.hooks.wrote)
	switch {
	case err != nil:
		closeBody(c.req)
		return err
	case withBody:
		c.upload = startUpload(c)
	default:
		closeBody(c.req)
	}
	return nil
}

// respond makes a response of a final head. Without a body the link is free again at once.
func (c *call) respond(h head) (*http.Response, error) {
	if h.status == http.StatusSwitchingProtocols {
		return c.switched(h)
	}
	body, resp, err := c.frame(h)
	if err != nil {
		return nil, err
	}
	c.link.budget = unlimited
	if body == nil {
		resp.Body = http.NoBody
		c.end(true)
	} else {
		resp.Body = body
	}
	return resp, nil
}

// switched hands the connection over (RFC 9110 §7.8), if to a protocol that was asked for.
func (c *call) switched(h head) (*http.Response, error) {
	to := h.fields["Upgrade"]
	if len(to) != 1 || !listed(c.req.Header["Connection"], "Upgrade") || !listed(c.req.Header["Upgrade"], to[0]) {
		return nil, fmt.Errorf("%w: 101 to %q, which was not asked for", ErrGarbage, to)
	}
	c.link.tunnel.Store(true)
	resp := c.response(h)
	resp.Body = &tunnelEnd{call: c}
	return resp, nil
}

// end frees the link: for the next request, if the response was read to its end and nothing
// speaks against it, else for good. Only its first call counts.
func (c *call) end(complete bool) {
	c.once.Do(func() {
		alive := c.unwatch() // if not, the context has ended and the link is aborted
		written := c.upload == nil || c.upload.complete.Load()
		if complete && alive && written && c.keep && c.link.br.Buffered() == 0 && !BindsConnection(c.req.Header) {
			c.link.endpoint.pool.put(c.link)
		} else {
			c.link.Close()
		}
		c.link.endpoint.pending.Add(-1)
		c.upload.decide(false)
	})
}

// explain says which failure err, met before the head was complete, is.
func (c *call) explain(err error) error {
	if ended := interrupted(c.req.Context()); ended != nil {
		return ended
	}
	if c.upload != nil {
		if failed := c.upload.failed.Load(); failed != nil {
			return *failed
		}
	}
	switch {
	case errors.Is(err, ErrGarbage):
		return err
	case c.started:
		return fmt.Errorf("%w: %w", ErrGarbage, err)
	case c.link.reused:
		return unanswered{fmt.Errorf("%w: kept connection: %w", ErrUnreachable, err), true}
	}
	return unanswered{fmt.Errorf("%w: no answer: %w", ErrUnreachable, err), false}
}
