package accesslog

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// probeBytes is how much of a file is read to find its format.
const probeBytes = 64 << 10

// source is one log, plain or compressed.
type source struct {
	name   string
	size   int64 // on disk; -1 if that cannot be known
	format Format
	first  time.Time // of the first line that has one

	// A pipe cannot be opened twice: what was read to probe it is kept.
	open func() (io.ReadCloser, error)
}

// newSource probes a file, or standard input if it is named "-".
func newSource(ctx context.Context, name string, stdin io.Reader, read *atomic.Int64) (*source, []byte, error) {
	s := &source{name: name, size: -1}
	if name == "-" {
		s.name = "standard input"
		head, err := s.probePipe(ctx, io.NopCloser(stdin), read)
		return s, head, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the log: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New("is a folder")
	}
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("opening the log %s: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		head, err := s.probePipe(ctx, f, read)
		return s, head, err
	}
	s.size = info.Size()
	head, err := s.probe(f, new(atomic.Int64))
	f.Close()
	s.open = func() (io.ReadCloser, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("opening the log: %w", err)
		}
		return inflate(f, read)
	}
	return s, head, err
}

// probePipe is probe, except that ctx ends it, where a Read may wait for ever. It
// then leaves that Read to the end of the program.
func (s *source) probePipe(ctx context.Context, in io.ReadCloser, read *atomic.Int64) ([]byte, error) {
	type result struct {
		head []byte
		err  error
	}
	probed := make(chan result, 1)
	go func() {
		head, err := s.probe(in, read)
		probed <- result{head, err}
	}()
	select {
	case r := <-probed:
		return r.head, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// probe reads the beginning, and keeps the rest for one open.
func (s *source) probe(in io.ReadCloser, read *atomic.Int64) ([]byte, error) {
	r, err := inflate(in, read)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", s.name, err)
	}
	head := make([]byte, probeBytes)
	n, err := readFull(r, head)
	if err != nil && err != io.EOF {
		r.Close()
		return nil, fmt.Errorf("reading %s: %w", s.name, err)
	}
	head = head[:n]
	whole := r
	s.open = func() (io.ReadCloser, error) {
		return joined{io.MultiReader(bytes.NewReader(head), whole), whole}, nil
	}
	if n < probeBytes {
		return append(head[:n:n], '\n'), nil // the last line needs no end
	}
	return head, nil
}

// inflate undoes gzip, which it knows by its first bytes, not by a name.
func inflate(in io.ReadCloser, read *atomic.Int64) (io.ReadCloser, error) {
	r := bufio.NewReaderSize(&counted{in, read}, 64<<10)
	magic, err := r.Peek(2)
	if err != nil && err != io.EOF {
		in.Close()
		return nil, err
	}
	if string(magic) != "\x1f\x8b" {
		return joined{r, in}, nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		in.Close()
		return nil, err
	}
	return joined{z, in}, nil
}

// readFull fills b. Other than io.ReadFull it tells the end of what is read from
// what a reader below calls an unexpected one.
func readFull(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	if n == len(b) {
		return n, nil
	}
	return n, err
}

// joined reads from one and closes another.
type joined struct {
	io.Reader
	io.Closer
}

// counted counts what is read.
type counted struct {
	io.Reader
	read *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read.Add(int64(n))
	return n, err
}
