package accesslog

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// Options say how logs are read. The zero value detects formats and leaves
// nothing out.
type Options struct {
	Format Format    // of all logs; the zero value finds each by its first lines
	Stdin  io.Reader // what the name "-" stands for
	Since  time.Time // leave out what is older; zero is no bound
	Until  time.Time // leave out what is as young or younger; zero is no bound
}

// Logs are access logs whose formats are known.
type Logs struct {
	streams []*stream
	when    period
	read    atomic.Int64
}

// A File is one log, and what became of its lines so far.
type File struct {
	Name     string
	Format   Format
	Counts   Counts
	Examples []Malformed // of malformed lines, the first few
}

// Open finds out what the named logs are; "-" is standard input. Compression by
// gzip is undone. ctx ends it while it waits for a pipe. Whoever opens logs must read them with [Logs.Each], once.
func Open(ctx context.Context, names []string, o Options) (*Logs, error) {
	l := &Logs{when: period{o.Since, o.Until}}
	for _, name := range names {
		s, head, err := newSource(ctx, name, o.Stdin, &l.read)
		if err != nil {
			return nil, err
		}
		s.format = o.Format
		if s.format.newParser == nil {
			if s.format, err = detect(head); err != nil {
				return nil, fmt.Errorf("%s is %w", s.name, err)
			}
		}
		s.first = s.format.firstTime(head)
		l.streams = append(l.streams, newStream(s))
	}
	slices.SortStableFunc(l.streams, func(a, b *stream) int { return a.source.first.Compare(b.source.first) })
	return l, nil
}

// Files are the logs by the time at which they begin. It must not be called
// while Each runs.
func (l *Logs) Files() []File {
	files := make([]File, len(l.streams))
	for i, s := range l.streams {
		files[i] = File{s.source.name, s.source.format, s.counts, s.examples}
	}
	return files
}

// Size is that of all logs on disk, in bytes; false if one of them is a pipe.
func (l *Logs) Size() (bytes int64, ok bool) {
	for _, s := range l.streams {
		if s.source.size < 0 {
			return 0, false
		}
		bytes += s.source.size
	}
	return bytes, true
}

// Consumed is how much of Size has been read. It is safe for concurrent use.
func (l *Logs) Consumed() int64 { return l.read.Load() }

// Each shows saw every GET of all logs, by time as far as each log is; saw must
// not keep the pointer. It ends with a [*FormatError] if most of a log is not in
// its format, with an error of reading, or with that of saw or ctx.
func (l *Logs) Each(ctx context.Context, saw func(*observe.Sighting) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	work := make(chan *batch)
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() { l.parse(ctx, work) })
	}
	start := func(s *stream) {
		if s.source.size < 0 {
			go s.read(ctx, work) // nothing can end a Read of a pipe: it is left to the end of the program
			return
		}
		running.Go(func() { s.read(ctx, work) })
	}
	return merge(ctx, l.streams, start, saw)
}

// parse is a worker.
func (l *Logs) parse(ctx context.Context, work <-chan *batch) {
	names := &interner{}
	for {
		select {
		case b := <-work:
			b.parse(names, l.when)
			b.parsed <- struct{}{}
		case <-ctx.Done():
			return
		}
	}
}
