package accesslog

import (
	"bytes"
	"time"
)

// combined reads the common log format, the combined one, and what servers put
// around them: a virtual host in front (Apache's vhost_combined), and behind
// the browser a forwarded address (nginx's main), a time that the request took
// (nginx's $request_time, Traefik's milliseconds), or anything else.
//
//	192.0.2.7 - alice [10/Oct/2000:13:55:36 -0700] "GET /a?b HTTP/1.1" 200 2326 "referrer" "browser" 0.004
type combined struct{}

func (combined) parse(line []byte, r *record) verdict {
	bracket := bytes.Index(line, []byte(" ["))
	if bracket < 0 || !parseClient(line[:bracket], r) {
		return malformed
	}
	line = line[bracket+2:]
	end := bytes.IndexByte(line, ']')
	if end < 0 || end+2 >= len(line) || line[end+1] != ' ' {
		return malformed
	}
	var ok bool
	if r.time, ok = parseTime(line[:end]); !ok {
		return malformed
	}
	request, line, ok := cutQuoted(line[end+2:])
	if !ok {
		return malformed
	}
	line, ok = parseOutcome(line, r)
	if !ok {
		return malformed
	}
	parseRequestLine(request, r)
	parseBrowser(line, r)
	return r.verdict()
}

// parseClient reads address, identity and user, perhaps after a virtual host.
// Only a user may hold spaces.
func parseClient(b []byte, r *record) bool {
	first, rest, ok := bytes.Cut(b, []byte(" "))
	if !ok || len(first) == 0 {
		return false
	}
	r.client = first
	second, user, ok := bytes.Cut(rest, []byte(" "))
	if ok && isNamed(second) && bytes.HasPrefix(user, []byte("- ")) {
		r.host, r.client, user = first, second, user[2:]
	}
	r.user = user
	return ok
}

// parseOutcome reads status and size, and returns what follows.
func parseOutcome(b []byte, r *record) (rest []byte, ok bool) {
	status, b := cutWord(b)
	size, rest := cutWord(b)
	n, ok := digits(status)
	if !ok || len(status) != 3 {
		return nil, false
	}
	r.status = int(n)
	if isNamed(size) {
		if r.bytes, ok = digits(size); !ok {
			return nil, false
		}
	}
	return rest, len(size) > 0
}

// parseRequestLine splits a request line at its first and last space; what
// stands between is the target, spaces and all.
func parseRequestLine(b []byte, r *record) {
	method, rest, ok := bytes.Cut(b, []byte(" "))
	if !ok {
		return
	}
	r.method, r.target = method, rest
	if i := bytes.LastIndexByte(rest, ' '); i >= 0 {
		r.target = rest[:i]
	}
}

// parseBrowser reads what follows the size, as far as it is there.
func parseBrowser(b []byte, r *record) {
	_, b, ok := cutQuoted(b)
	if !ok {
		parseExtras(b, r)
		return
	}
	r.agent, b, _ = cutQuoted(b)
	parseExtras(b, r)
}

// parseExtras looks for what can be told by its looks: an address that a
// balancer forwarded, and how long the request took.
func parseExtras(b []byte, r *record) {
	for len(b) > 0 {
		if quoted, rest, ok := cutQuoted(b); ok {
			b = rest
			if first, _, _ := bytes.Cut(quoted, []byte(",")); isAddress(first) {
				r.client = first
				continue
			}
			parseTook(quoted, r)
			continue
		}
		var word []byte
		word, b = cutWord(b)
		if i := bytes.IndexByte(word, '='); i >= 0 {
			word = word[i+1:] // rt=0.004
		}
		parseTook(word, r)
	}
}

// parseTook takes the first field that can only be a time: seconds with three
// decimals, as nginx writes them (its gzip ratio has two), or Traefik's
// milliseconds.
func parseTook(b []byte, r *record) {
	if r.took != 0 {
		return
	}
	n := leadingDigits(b)
	switch {
	case n > 0 && string(b[n:]) == "ms":
		r.took, _ = parseDuration(b[:n], time.Millisecond)
	case n > 0 && len(b) == n+4 && b[n] == '.' && leadingDigits(b[n+1:]) == 3:
		r.took, _ = parseDuration(b, time.Second)
	}
}

// isAddress reports whether b looks like an IP address of either kind.
func isAddress(b []byte) bool {
	dots, colons := 0, 0
	for _, c := range b {
		switch {
		case c == '.':
			dots++
		case c == ':':
			colons++
		case !isHex(c):
			return false
		}
	}
	return dots == 3 && colons == 0 || colons >= 2
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// cutQuoted cuts a quoted string, in which a backslash escapes a quote, and the
// space behind it. It leaves escapes as they are: the same bytes are always
// escaped alike.
func cutQuoted(b []byte) (quoted, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, b, false
	}
	from := 1
	for {
		i := bytes.IndexByte(b[from:], '"')
		if i < 0 {
			return nil, b, false
		}
		if end := from + i; !isEscaped(b, end) {
			return b[1:end], bytes.TrimPrefix(b[end+1:], []byte(" ")), true
		}
		from += i + 1
	}
}

// isEscaped reports whether an odd number of backslashes stands before b[i].
func isEscaped(b []byte, i int) bool {
	n := 0
	for i-1-n >= 0 && b[i-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

func cutWord(b []byte) (word, rest []byte) {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}
