package forward

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
)

// A body is that of a response. At its end its link is free for the next request.
type body struct {
	call *call
	resp *http.Response
	from io.Reader // ends where the body does

	closed atomic.Bool
	err    error // what Read returns from now on; owned by the reader
}

// Read returns io.EOF at the end of the body, with the last bytes if its length was known.
// Other errors wrap ErrTruncated, or say why the request's context has ended.
func (b *body) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.from.Read(p)
	if err == nil {
		return n, nil
	}
	if err == io.EOF {
		err = b.readTrailers()
	}
	b.err = b.explain(err)
	b.call.end(b.err == io.EOF)
	return n, b.err
}

// Close gives the connection up, unless the body has been read to its end.
func (b *body) Close() error {
	b.closed.Store(true)
	b.call.end(false)
	return nil
}

// waits reports whether the next Read has to wait for the upstream.
func (b *body) waits() bool { return b.call.link.br.Buffered() == 0 }

// readTrailers returns io.EOF once the trailer section, if there can be one, has been read.
func (b *body) readTrailers() error {
	if b.resp.TransferEncoding == nil {
		return io.EOF
	}
	b.call.link.budget = headLimit
	fields, err := readFields(b.call.link.text)
	if err != nil {
		return fmt.Errorf("trailers: %w", err)
	}
	if len(fields) > 0 && b.resp.Trailer == nil {
		b.resp.Trailer = make(http.Header, len(fields))
	}
	for name, values := range fields {
		b.resp.Trailer[name] = values
	}
	return io.EOF
}

func (b *body) explain(err error) error {
	if err == io.EOF {
		return err
	}
	if ended := interrupted(b.call.req.Context()); ended != nil {
		return fmt.Errorf("%w: %w", ended, err)
	}
	return fmt.Errorf("%w: %w", ErrTruncated, err)
}

// exactly reads left bytes from r, and tells the end with the last of them.
type exactly struct {
	r    io.Reader
	left int64
}

func (e *exactly) Read(p []byte) (int, error) {
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	switch e.left -= int64(n); {
	case e.left == 0:
		err = io.EOF
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
