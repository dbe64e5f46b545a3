package browser

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"

	"github.com/pollard-proxy/pollard/etag"
)

// cacheControl lets a page load without asking for the script. An outdated
// script does no harm: it does nothing unless a response says Pollard-Push.
const cacheControl = "public, max-age=600"

// representation is the script in one content coding.
type representation struct {
	coding string // "" for identity
	body   []byte
	tag    etag.Tag
}

// handler has everything that it says ready.
type handler struct{ plain, gzip representation }

// Handler returns what answers requests for /-/pollard/client.js: GET and HEAD,
// conditional or not, compressed where the client takes gzip (RFC 9110 §12.5.3).
func Handler() http.Handler {
	small := compress(script)
	return &handler{
		plain: representation{body: script, tag: etag.FromBody(script)},
		gzip:  representation{coding: "gzip", body: small, tag: etag.FromBody(small)},
	}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	chosen := &h.plain
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		chosen = &h.gzip
	}
	fields := w.Header()
	fields.Set("ETag", string(chosen.tag))
	fields.Set("Cache-Control", cacheControl)
	fields.Set("Vary", "Accept-Encoding")
	if etag.ParseCondition(r.Header).NotModified(chosen.tag, "") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	chosen.serve(w, r)
}

func (s *representation) serve(w http.ResponseWriter, r *http.Request) {
	fields := w.Header()
	fields.Set("Content-Type", "text/javascript; charset=utf-8") // RFC 9239 §6.1.1
	fields.Set("X-Content-Type-Options", "nosniff")
	fields.Set("Content-Length", strconv.Itoa(len(s.body)))
	if s.coding != "" {
		fields.Set("Content-Encoding", s.coding)
	}
	if r.Method == http.MethodGet {
		w.Write(s.body) // if it fails, the client has gone
	}
}

// acceptsGzip reports whether a client takes gzip. One that says so by "*" is
// given the plain script, which it takes as well.
func acceptsGzip(lines []string) bool {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			coding, weight, _ := strings.Cut(element, ";")
			if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				return !isZero(weight)
			}
		}
	}
	return false
}

// isZero reports whether a weight, such as "q=0.000", refuses what it is of.
func isZero(weight string) bool {
	name, value, _ := strings.Cut(strings.TrimSpace(weight), "=")
	q, err := strconv.ParseFloat(value, 64)
	return strings.EqualFold(name, "q") && err == nil && q == 0
}

func compress(b []byte) []byte {
	var small bytes.Buffer
	z, _ := gzip.NewWriterLevel(&small, gzip.BestCompression) // the level is a valid one
	z.Write(b)                                                // to memory: it cannot fail
	z.Close()
	return small.Bytes()
}
