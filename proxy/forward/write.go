package forward

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// notCopied are the fields that writeHead sets itself, from the request.
var notCopied = map[string]bool{
	"Content-Length":    true,
	"Host":              true,
	"Trailer":           true,
	"Transfer-Encoding": true,
}

// writeHead writes req's head to w at once and calls wrote when a byte of it has gone.
func writeHead(w io.Writer, req *http.Request, wrote func()) error {
	b := borrowHead()
	defer returnHead(b)
	for _, s := range [...]string{req.Method, " ", requestTarget(req), " HTTP/1.1\r\nHost: ", host(req), "\r\n"} {
		b.WriteString(s)
	}
	req.Header.WriteSubset(b, notCopied) // a bytes.Buffer never fails
	for _, s := range framing(req) {
		b.WriteString(s)
	}
	b.WriteString("\r\n")
	n, err := w.Write(b.Bytes())
	if n > 0 {
		wrote()
	}
	if err != nil {
		return fmt.Errorf("write head: %w", err)
	}
	return nil
}

// host falls back on the upstream's own name for HTTP/1.0 clients that name none, because
// HTTP/1.1 demands one.
func host(req *http.Request) string {
	if req.Host == "" {
		return req.URL.Host
	}
	return req.Host
}

// framing returns the field lines that delimit req's body: as the client did, except that a
// method that expects content is told when there is none, as some upstreams insist (RFC 9110
// §8.6).
func framing(req *http.Request) []string {
	switch {
	case hasBody(req) && req.ContentLength > 0:
		return []string{"Content-Length: ", strconv.FormatInt(req.ContentLength, 10), "\r\n"}
	case hasBody(req):
		lines := []string{"Transfer-Encoding: chunked\r\n"}
		if names := trailerNames(req.Trailer); names != "" {
			lines = append(lines, "Trailer: ", names, "\r\n")
		}
		return lines
	case req.Header["Content-Length"] != nil || expectsContent(req.Method):
		return []string{"Content-Length: 0\r\n"}
	}
	return nil
}

func expectsContent(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// trailerNames returns the names in t as a list, sorted.
func trailerNames(t http.Header) string {
	names := make([]string, 0, len(t))
	for name := range t {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
