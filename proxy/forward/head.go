package forward

import (
	"fmt"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// A head is that of a response: its status line and its fields (RFC 9112 §2.1).
type head struct {
	minor  int    // of HTTP/1.minor
	status int    // 100 to 999
	line   string // status code and reason, as they came
	fields http.Header
}

// isInterim reports whether another response follows (RFC 9110 §15.2).
func (h *head) isInterim() bool {
	return h.status < 200 && h.status != http.StatusSwitchingProtocols
}

func readHead(r *textproto.Reader) (head, error) {
	line, err := r.ReadLine()
	if err != nil {
		return head{}, fmt.Errorf("read status line: %w", err)
	}
	h, err := parseStatusLine(line)
	if err != nil {
		return head{}, err
	}
	h.fields, err = readFields(r)
	return h, err
}

// readFields reads the fields of a head or a trailer section and the empty line after them.
// Space before a colon is removed, as RFC 9112 §5.1 tells proxies to; textproto takes it for
// a part of the name.
func readFields(r *textproto.Reader) (http.Header, error) {
	m, err := r.ReadMIMEHeader()
	if err != nil {
		return nil, fmt.Errorf("read fields: %w", err)
	}
	fields := http.Header(m)
	for name, values := range fields {
		if !strings.Contains(name, " ") {
			continue
		}
		delete(fields, name)
		name = http.CanonicalHeaderKey(strings.TrimRight(name, " "))
		if !isToken(name) {
			return nil, fmt.Errorf("%w: a field name with spaces", ErrGarbage)
		}
		fields[name] = append(fields[name], values...)
	}
	return fields, nil
}

// parseStatusLine parses a status line (RFC 9112 §4). A missing reason, and the space before
// it, are forgiven.
func parseStatusLine(line string) (head, error) {
	rest, ok := strings.CutPrefix(line, "HTTP/1.")
	if !ok || len(rest) < len("1 200") || rest[1] != ' ' || rest[0] < '0' || rest[0] > '9' {
		return head{}, fmt.Errorf("%w: no HTTP/1 status line", ErrGarbage)
	}
	minor, line := int(rest[0]-'0'), rest[2:]
	code, _, _ := strings.Cut(line, " ")
	status, err := strconv.ParseUint(code, 10, 16)
	if err != nil || len(code) != len("200") || status < 100 {
		return head{}, fmt.Errorf("%w: no status code", ErrGarbage)
	}
	return head{minor: min(minor, 1), status: int(status), line: line}, nil
}
