package push

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/pollard-proxy/pollard/coalescer"
)

// maxInflated bounds a body without its content coding, in bytes.
const maxInflated = 32 << 20

// plainBody returns the body of a snapshot without its content coding (RFC 9110
// §8.4.1): polls negotiate one, frames do not. It fails with [ErrUnpushable].
func plainBody(s *coalescer.Snapshot) ([]byte, error) {
	var r io.Reader
	var err error
	switch coding := strings.ToLower(strings.Join(s.Header["Content-Encoding"], ",")); coding {
	case "", "identity":
		return s.Body, nil
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(s.Body))
	case "deflate":
		r, err = zlib.NewReader(bytes.NewReader(s.Body))
	default:
		return nil, fmt.Errorf("%w: its content coding is %q", ErrUnpushable, coding)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnpushable, err)
	}
	return inflate(r)
}

func inflate(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxInflated+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnpushable, err)
	case len(body) > maxInflated:
		return nil, fmt.Errorf("%w: it inflates to more than %d bytes", ErrUnpushable, maxInflated)
	}
	return body, nil
}

// Decodes reports whether the content coding of a response is one that frames
// can do without.
func Decodes(h http.Header) bool {
	switch strings.ToLower(strings.Join(h["Content-Encoding"], ",")) {
	case "", "identity", "gzip", "x-gzip", "deflate":
		return true
	}
	return false
}
