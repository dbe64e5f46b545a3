package accesslog

// verdict says what a line turned out to be.
type verdict uint8

const (
	malformed verdict = iota // not of the format
	other                    // of the format, and no GET of a path
	get
)

// A parser reads a line, without its end, into a record that was reset. What it
// sets may alias the line and the parser's own memory until the next call. It is
// not safe for concurrent use.
type parser interface {
	parse(line []byte, r *record) verdict
}
