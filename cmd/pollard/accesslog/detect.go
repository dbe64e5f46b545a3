package accesslog

import (
	"bytes"
	"errors"
	"time"
)

// detectLines is how many lines are looked at.
const detectLines = 200

// ErrUndetected says that no format fits.
var ErrUndetected = errors.New("in none of the known formats")

// empty is the format of a log that was just rotated.
var empty = Format{"empty", "no line yet", func() parser { return combined{} }}

// detect finds the format that most of the first lines are requests in.
func detect(head []byte) (Format, error) {
	if len(bytes.TrimSpace(head)) == 0 {
		return empty, nil
	}
	best, most := Format{}, 0
	for _, f := range formats {
		if n := f.requests(head); n > most {
			best, most = f, n
		}
	}
	if most == 0 {
		return best, ErrUndetected
	}
	return best, nil
}

// requests counts the lines that tell a request of any method.
func (f *Format) requests(head []byte) (n int) {
	p := f.newParser()
	for r := range records(p, head) {
		if len(r.method) > 0 && r.status != 0 {
			n++
		}
	}
	return n
}

// firstTime returns the time of the first line that has one; zero if none does.
func (f *Format) firstTime(head []byte) time.Time {
	for r := range records(f.newParser(), head) {
		if !r.time.IsZero() {
			return r.time
		}
	}
	return time.Time{}
}

// records yields what the first whole lines say.
func records(p parser, head []byte) func(func(*record) bool) {
	return func(yield func(*record) bool) {
		for range detectLines {
			line, rest, ok := bytes.Cut(head, []byte("\n"))
			head = rest
			var r record
			if ok && p.parse(trimReturn(line), &r) != malformed && !yield(&r) || !ok {
				return
			}
		}
	}
}

// trimReturn cuts what Windows puts before the end of a line.
func trimReturn(line []byte) []byte { return bytes.TrimSuffix(line, []byte("\r")) }
