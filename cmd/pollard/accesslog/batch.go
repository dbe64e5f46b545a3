package accesslog

import (
	"bytes"
	"time"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// shown is how many malformed lines of a file are kept to be shown, and
// shownBytes how much of each.
const (
	shown      = 3
	shownBytes = 160
)

// A Malformed line is one that is not of the format of its file.
type Malformed struct {
	Line int64 // counted from 1
	Text string
}

// Counts say what became of lines.
type Counts struct {
	Lines     int64 // that are not empty
	Requests  int64 // GETs, each of which became a sighting
	Other     int64 // other methods, and what is no request
	Outside   int64 // GETs before Since, or at Until and later
	Malformed int64
}

// Add adds what others counted.
func (c *Counts) Add(d Counts) {
	c.Lines += d.Lines
	c.Requests += d.Requests
	c.Other += d.Other
	c.Outside += d.Outside
	c.Malformed += d.Malformed
}

// batch is a block of whole lines and what they say. It belongs to one goroutine
// at a time: the reader fills it, a worker parses it, and whoever merges gives it
// back.
type batch struct {
	parser parser
	record record // of the line in hand
	text   []byte
	err    error // why there is nothing behind it; io.EOF at the end
	parsed chan struct{}

	sightings []observe.Sighting
	numbered  int64 // line ends in text
	counts    Counts
	examples  []Malformed // lines counted within the batch
}

// period is the time that is looked at: not before since, and before until,
// where they are not zero.
type period struct{ since, until time.Time }

func (p period) covers(t time.Time) bool {
	return (p.since.IsZero() || !t.Before(p.since)) && (p.until.IsZero() || t.Before(p.until))
}

// parse reads all lines of b.
func (b *batch) parse(names *interner, when period) {
	b.sightings, b.examples = b.sightings[:0], b.examples[:0]
	b.counts, b.numbered = Counts{}, 0
	for text := b.text; len(text) > 0; {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		line = trimReturn(line)
		b.numbered++
		if len(line) == 0 {
			continue
		}
		b.counts.Lines++
		b.record = record{}
		switch b.parser.parse(line, &b.record) {
		case malformed:
			b.show(line)
		case other:
			b.counts.Other++
		case get:
			b.see(names, when)
		}
	}
}

func (b *batch) show(line []byte) {
	b.counts.Malformed++
	if len(b.examples) < shown {
		b.examples = append(b.examples, Malformed{Line: b.numbered, Text: string(line[:min(len(line), shownBytes)])})
	}
}

func (b *batch) see(names *interner, when period) {
	r := &b.record
	if !when.covers(r.time) {
		b.counts.Outside++
		return
	}
	b.counts.Requests++
	b.sightings = append(b.sightings, observe.Sighting{})
	r.sighting(&b.sightings[len(b.sightings)-1], names)
}
