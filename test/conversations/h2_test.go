package conversations

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// An h2 is a client that speaks HTTP/2: one request at a time, which it does not wait for.
type h2 struct {
	transport *http.Transport
	scheme    string
	ctx       context.Context // of all its requests; it ends with the client
	cancel    context.CancelFunc
	responses chan h2Response
	body      io.ReadCloser
}

type h2Response struct {
	*http.Response
	err error
}

// newH2 returns a client that dials addr; with a nil config over cleartext with prior knowledge.
func newH2(addr string, config *tls.Config) *h2 {
	var protocols http.Protocols
	protocols.SetHTTP2(config != nil)
	protocols.SetUnencryptedHTTP2(config == nil)
	c := &h2{scheme: "http", responses: make(chan h2Response, 1)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if config != nil {
		c.scheme = "https"
	}
	c.transport = &http.Transport{
		Protocols: &protocols, TLSClientConfig: config, DisableCompression: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	}
	return c
}

func (c *h2) send(r request) error {
	req, err := http.NewRequestWithContext(c.ctx, r.method, c.scheme+"://app.test"+r.target, strings.NewReader(r.content))
	if err != nil {
		return err
	}
	if r.content == "" {
		req.Body, req.ContentLength = nil, 0
	}
	req.Header["User-Agent"] = nil
	for _, f := range r.fields {
		req.Header.Add(f.name, f.value)
	}
	go func() {
		resp, err := c.transport.RoundTrip(req)
		c.responses <- h2Response{resp, err}
	}()
	return nil
}

func (c *h2) next() (*http.Response, error) {
	select {
	case r := <-c.responses:
		if r.err == nil {
			c.body = r.Body
		}
		return r.Response, r.err
	case <-time.After(patience):
		return nil, errors.New("no response came")
	}
}

// readBytes reads from the open response.
func (c *h2) readBytes(n int) (string, error) {
	if c.body == nil {
		return "", errors.New("there is no open response")
	}
	return readUpTo(c.body, n)
}

func (c *h2) finish() (string, error) {
	if c.body == nil {
		return "", nil
	}
	content, err := io.ReadAll(c.body)
	c.body = nil
	return string(content), err
}

func (c *h2) seesEnd() error         { return expectEnd(c.readBytes(1)) }
func (c *h2) sendBytes(string) error { return errors.New("HTTP/2 is no byte stream") }
func (c *h2) closeSending() error    { return errors.New("HTTP/2 is no byte stream") }

func (c *h2) close() error {
	c.cancel()
	c.transport.CloseIdleConnections()
	return nil
}
