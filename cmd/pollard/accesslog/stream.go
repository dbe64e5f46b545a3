package accesslog

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// A block is blockBytes of whole lines; of a longer line the rest is left out.
// Of each log that is open at most blocks are held.
const (
	blockBytes = 256 << 10
	blocks     = 6
)

// stream is one log being read. A goroutine of its own cuts it into batches,
// which go to the workers and, in order, to whoever merges.
type stream struct {
	source  *source
	ordered chan *batch // in the order of the file
	free    chan *batch

	// Owned by whoever merges.
	current  *batch
	at       int // of current's sightings
	lines    int64
	counts   Counts
	examples []Malformed
}

func newStream(s *source) *stream {
	st := &stream{source: s, ordered: make(chan *batch, blocks), free: make(chan *batch, blocks)}
	for range blocks {
		st.free <- &batch{parser: s.format.newParser(), parsed: make(chan struct{}, 1)}
	}
	return st
}

// read cuts the log until its end, an error, or that of ctx.
func (s *stream) read(ctx context.Context, work chan<- *batch) {
	in, err := s.source.open()
	if err == nil {
		defer in.Close()
	}
	var rest []byte
	for {
		var b *batch
		select {
		case b = <-s.free:
		case <-ctx.Done():
			return
		}
		b.text = b.text[:0]
		if err == nil {
			rest, err = b.fill(in, rest)
		}
		b.err = err
		s.ordered <- b // has room for all
		select {
		case work <- b:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// fill reads a block behind the rest of the last one, and returns what stands
// behind its last whole line.
func (b *batch) fill(in io.Reader, rest []byte) ([]byte, error) {
	b.text = slices.Grow(b.text, blockBytes)[:blockBytes]
	n := copy(b.text, rest)
	m, err := readFull(in, b.text[n:])
	b.text = b.text[:n+m]
	if err != nil {
		return nil, err
	}
	end := bytes.LastIndexByte(b.text, '\n') + 1
	if end == 0 {
		return nil, b.cutLong(in)
	}
	rest = append(rest[:0], b.text[end:]...)
	b.text = b.text[:end]
	return rest, nil
}

// cutLong goes to the end of a line that is longer than a block.
func (b *batch) cutLong(in io.Reader) error {
	var one [1]byte
	for {
		if _, err := readFull(in, one[:]); err != nil || one[0] == '\n' {
			return err
		}
	}
}

// next makes the next sighting current; false at the end.
func (s *stream) next(ctx context.Context) (bool, error) {
	s.at++
	for s.current == nil || s.at >= len(s.current.sightings) {
		if b := s.current; b != nil {
			if b.err == io.EOF {
				s.current, s.free = nil, nil // so that what was read holds no memory; read has ended
				return false, s.judge()
			}
			if b.err != nil {
				return false, fmt.Errorf("reading %s behind line %d: %w", s.source.name, s.lines, b.err)
			}
			s.current = nil
			s.free <- b
		}
		if err := s.take(ctx); err != nil {
			return false, err
		}
	}
	return true, nil
}

// take waits for the next batch.
func (s *stream) take(ctx context.Context) error {
	select {
	case s.current = <-s.ordered:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-s.current.parsed:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.at = 0
	for _, m := range s.current.examples {
		if len(s.examples) < shown {
			s.examples = append(s.examples, Malformed{m.Line + s.lines, m.Text})
		}
	}
	s.lines += s.current.numbered
	s.counts.Add(s.current.counts)
	if s.counts.Lines < enough {
		return nil
	}
	return s.judge()
}

// enough lines have been seen to say that a file is not of its format.
const enough = 1000

// judge returns an error if most of what was read is not of the format.
func (s *stream) judge() error {
	c := s.counts
	if 2*c.Malformed <= c.Lines {
		return nil
	}
	e := &FormatError{File: s.source.name, Format: s.source.format.Name, Lines: c.Lines, Malformed: c.Malformed}
	if len(s.examples) > 0 {
		e.Example = s.examples[0]
	}
	return e
}

// head is the sighting that is current.
func (s *stream) head() *observe.Sighting { return &s.current.sightings[s.at] }

// A FormatError says that a log is not in the format that was tried.
type FormatError struct {
	File             string
	Format           string
	Lines, Malformed int64
	Example          Malformed
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%s: %d of %d lines are not in the format %s (line %d: %q)", e.File, e.Malformed, e.Lines, e.Format, e.Example.Line, e.Example.Text)
}
