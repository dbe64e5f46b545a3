package frontdoor

import (
	"bytes"
	"net/http"
)

// A span is a piece of a head, as offsets from its first byte: the head may move while it arrives.
type span struct{ from, to int }

func (s span) of(head []byte) []byte { return head[s.from:s.to] }

// A head is what vetting learns of a request head, line by line as they arrive. The zero value is ready.
type head struct {
	lines          int // read so far, the request line included
	method, target span
	minor          int  // of the version 1.x
	preface        bool // the line is that of the HTTP/2 connection preface (RFC 9113 §3.4)

	hosts, lengths, codings int // fields seen of each
	length                  int64
	chunked                 bool
	upgrade, protocol       bool // Connection has the option; Upgrade names a protocol that we leave to the handler
	odd                     bool // asks of the connection what the lane leaves to net/http
	pragma, cacheControl    bool
}

// requestLine reads method SP request-target SP HTTP-version (RFC 9112 §3). line stands at the start of the head.
func (h *head) requestLine(line []byte) *refusal {
	first, last := bytes.IndexByte(line, ' '), bytes.LastIndexByte(line, ' ')
	if first < 0 || first == last {
		return badRequest("request line")
	}
	h.method, h.target = span{0, first}, span{first + 1, last}
	if bytes.Equal(line, []byte("PRI * HTTP/2.0")) {
		h.preface = true
		return nil
	}
	if !isToken(line[:first]) {
		return badRequest("method")
	}
	if !isTarget(line[first+1 : last]) {
		return badRequest("request target")
	}
	if f := h.version(line[last+1:]); f != nil {
		return f
	}
	return h.form(line)
}

func (h *head) version(v []byte) *refusal {
	switch {
	case string(v) == "HTTP/1.1":
		h.minor = 1
	case string(v) == "HTTP/1.0":
	case len(v) == 8 && string(v[:5]) == "HTTP/" && isDigits(v[5:6]) && v[6] == '.' && isDigits(v[7:]):
		return &refusal{http.StatusHTTPVersionNotSupported, "version"}
	default:
		return badRequest("version")
	}
	return nil
}

// form refuses targets that are not in the form that the method asks for (RFC 9112 §3.2).
func (h *head) form(line []byte) *refusal {
	method, target := h.method.of(line), h.target.of(line)
	switch {
	case string(method) == http.MethodConnect:
		return &refusal{http.StatusMethodNotAllowed, "CONNECT"}
	case target[0] == '/', len(target) == 1 && target[0] == '*' && string(method) == http.MethodOptions:
		return nil
	}
	if authority, _, ok := originForm(target); !ok || !validHost(authority) {
		return badRequest("request target")
	}
	return nil
}

// field reads one field line (RFC 9112 §5).
func (h *head) field(line []byte) *refusal {
	name, value, f := splitField(line)
	if f != nil {
		return f
	}
	switch {
	case is(name, "host"):
		if h.hosts++; !validHost(value) {
			return badRequest("Host")
		}
	case is(name, "content-length"):
		var ok bool
		h.lengths++
		if h.length, ok = parseLength(value); !ok {
			return badRequest("Content-Length")
		}
	case is(name, "transfer-encoding"):
		h.codings++
		return h.coding(value)
	case is(name, "connection"):
		for e := range elements(value) {
			h.upgrade = h.upgrade || is(e, "upgrade")
			h.odd = h.odd || !is(e, "keep-alive")
		}
	case is(name, "expect"), is(name, "trailer"):
		h.odd = true
	case is(name, "upgrade"):
		h.odd = true
		for e := range elements(value) {
			h.protocol = h.protocol || !is(e, "h2c")
		}
	case is(name, "pragma"):
		h.pragma = true
	case is(name, "cache-control"):
		h.cacheControl = true
	}
	return nil
}

// coding accepts "chunked" alone. Anything that does not end in it leaves the length unknown, which is 400; other
// codings before it are merely not understood, which is 501 (RFC 9112 §6.3 and §6.1).
func (h *head) coding(value []byte) *refusal {
	if h.chunked = is(value, "chunked"); h.chunked {
		return nil
	}
	var last []byte
	chunks, others := 0, 0
	for last = range elements(value) {
		if is(last, "chunked") {
			chunks++
		} else {
			others++
		}
	}
	if chunks == 1 && others > 0 && is(last, "chunked") {
		return &refusal{http.StatusNotImplemented, "transfer coding"}
	}
	return badRequest("Transfer-Encoding")
}

// end judges the head as a whole.
func (h *head) end() *refusal {
	switch {
	case h.hosts > 1 || h.hosts == 0 && h.minor == 1:
		return badRequest("Host")
	case h.lengths > 1:
		return badRequest("Content-Length")
	case h.codings > 1 || h.codings > 0 && h.minor == 0:
		return badRequest("Transfer-Encoding")
	case h.codings > 0 && h.lengths > 0:
		return badRequest("both Content-Length and Transfer-Encoding")
	}
	return nil
}

// upgrades reports whether another protocol may follow; HTTP/1.0 cannot ask for one (RFC 9110 §7.8).
func (h *head) upgrades() bool { return h.minor == 1 && h.upgrade && h.protocol }

// splitField parts a field line at its colon and vets both sides.
func splitField(line []byte) (name, value []byte, f *refusal) {
	colon := bytes.IndexByte(line, ':')
	switch {
	case line[0] == ' ' || line[0] == '\t':
		return nil, nil, badRequest("folded or indented line")
	case colon < 0 || !isToken(line[:colon]):
		return nil, nil, badRequest("field name")
	case !isFieldValue(line[colon+1:]):
		return nil, nil, badRequest("control character")
	}
	return line[:colon], trimSpace(line[colon+1:]), nil
}
