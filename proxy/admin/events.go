package admin

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// events is an event stream, compressed where the client takes gzip: two hundred
// routes are 150 kB a second, and the same again the next.
type events struct {
	to      io.Writer
	zip     *gzip.Writer // nil unless it is compressed
	control *http.ResponseController
}

func openEvents(w http.ResponseWriter, r *http.Request) *events {
	fields := w.Header()
	fields.Set("Content-Type", "text/event-stream")
	fields.Set("Cache-Control", "no-store")
	e := &events{to: w, control: http.NewResponseController(w)}
	if takesGzip(r.Header.Get("Accept-Encoding")) {
		fields.Set("Content-Encoding", "gzip")
		e.zip = gzip.NewWriter(w)
		e.to = e.zip
	}
	return e
}

// takesGzip reports whether gzip is among the codings of an Accept-Encoding, and
// not with the weight that forbids it (RFC 9110 §12.5.3).
func takesGzip(accepted string) bool {
	for coding := range strings.SplitSeq(accepted, ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";")
		if strings.EqualFold(name, "gzip") {
			return strings.Trim(weight, "q=0.") != "" || weight == ""
		}
	}
	return false
}

func (e *events) send(data []byte) error {
	e.control.SetWriteDeadline(time.Now().Add(patience)) // without deadlines, TCP's own
	if _, err := fmt.Fprintf(e.to, "data: %s\n\n", data); err != nil {
		return fmt.Errorf("sending a snapshot: %w", err)
	}
	if e.zip != nil {
		if err := e.zip.Flush(); err != nil {
			return fmt.Errorf("sending a snapshot: %w", err)
		}
	}
	return e.control.Flush()
}
