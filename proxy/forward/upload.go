package forward

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

// continueTimeout is how long a client that sent "Expect: 100-continue" is kept waiting for
// an upstream that may never have heard of it.
const continueTimeout = time.Second

// An upload is a request's body on its way to the upstream. Its goroutine ends with the body,
// when the link is closed, or when reading the body fails; then it closes the body.
type upload struct {
	link  *link
	req   *http.Request
	hooks *hooks

	verdict  chan bool             // whether the upstream wants the body; nil if nobody asked
	complete atomic.Bool           // all of it has been written
	failed   atomic.Pointer[error] // why reading it failed
}

func startUpload(c *call) *upload {
	u := &upload{link: c.link, req: c.req, hooks: c.hooks}
	if listed(c.req.Header["Expect"], "100-continue") {
		u.verdict = make(chan bool, 1)
	}
	go u.run()
	return u
}

// decide tells whether the upstream wants the body. Only the first word counts. Without a
// body (u is nil) there is nothing to decide.
func (u *upload) decide(wanted bool) {
	if u == nil {
		return
	}
	select {
	case u.verdict <- wanted:
	default:
	}
}

func (u *upload) run() {
	defer closeBody(u.req)
	if !u.wanted() {
		return
	}
	err := u.copy()
	u.complete.Store(err == nil)
	if u.failed.Load() != nil {
		// Wakes the one who waits for the response. Where only writing failed, the upstream
		// may have answered before it hung up, and that answer must still be read.
		u.link.Close()
	}
}

// wanted waits for the upstream's word, but not for ever: then it lets the client begin.
func (u *upload) wanted() bool {
	if u.verdict == nil {
		return true
	}
	patience := time.NewTimer(continueTimeout)
	defer patience.Stop()
	select {
	case v := <-u.verdict:
		return v
	case <-patience.C:
		u.hooks.inform(http.StatusContinue, nil)
		return true
	}
}

func (u *upload) copy() error {
	if u.req.ContentLength > 0 {
		return u.copyLength()
	}
	return u.copyChunked()
}

// copyLength sends a body whose length has been announced, which must then be its length.
func (u *upload) copyLength() error {
	buf := borrowBuffer()
	defer returnBuffer(buf)
	for left := u.req.ContentLength; left > 0; {
		n, err := u.read(buf[:min(int64(len(buf)), left)])
		if left -= int64(n); err == io.EOF && left > 0 {
			err = u.fail(io.ErrUnexpectedEOF)
		}
		if _, werr := u.link.Conn.Write(buf[:n]); werr != nil {
			return fmt.Errorf("write body: %w", werr)
		}
		if err != nil && err != io.EOF {
			return err
		}
	}
	return nil
}

const (
	chunkHead = len("8000\r\n") // the longest for bufferSize
	chunkTail = len("\r\n")
)

// copyChunked sends what is read, each time as one chunk, in one write: the chunk's size is
// put right in front of the bytes, so that they need not move.
func (u *upload) copyChunked() error {
	buf := borrowBuffer()
	defer returnBuffer(buf)
	for {
		n, err := u.read(buf[chunkHead : len(buf)-chunkTail])
		if n > 0 {
			if _, werr := u.link.Conn.Write(chunk(buf[:], n)); werr != nil {
				return fmt.Errorf("write body: %w", werr)
			}
		}
		if err == io.EOF {
			return u.finish()
		}
		if err != nil {
			return err
		}
	}
}

// chunk frames the n bytes at buf[chunkHead:] (RFC 9112 §7.1).
func chunk(buf []byte, n int) []byte {
	var size [chunkHead]byte
	head := append(strconv.AppendInt(size[:0], int64(n), 16), "\r\n"...)
	start := chunkHead - len(head)
	copy(buf[start:], head)
	end := chunkHead + n + copy(buf[chunkHead+n:], "\r\n")
	return buf[start:end]
}

// finish writes the last chunk and the trailer section.
func (u *upload) finish() error {
	b := borrowHead()
	defer returnHead(b)
	b.WriteString("0\r\n")
	u.req.Trailer.WriteSubset(b, notCopied)
	b.WriteString("\r\n")
	if _, err := u.link.Conn.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write trailers: %w", err)
	}
	return nil
}

func (u *upload) read(p []byte) (int, error) {
	n, err := u.req.Body.Read(p)
	if err != nil && err != io.EOF {
		err = u.fail(err)
	}
	return n, err
}

// fail records why the body cannot be read, for whom it may concern.
func (u *upload) fail(err error) error {
	kind := ErrRequest
	if broken := new(net.OpError); errors.As(err, &broken) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		kind = ErrGone
	}
	err = fmt.Errorf("%w: read body: %w", kind, err)
	u.failed.Store(&err)
	return err
}
