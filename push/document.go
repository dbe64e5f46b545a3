package push

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
)

// ErrUnpushable says that a body cannot be told in the transport's terms, such
// as one that is no text in a JSON object. Polls are given it.
var ErrUnpushable = errors.New("the body cannot be pushed")

// Encode returns the pollard.v1 object of a moment, which is encoded once for
// all: it must not be changed. It fails with [ErrUnpushable].
func (h *Hub) Encode(m coalescer.Moment) ([]byte, error) {
	return h.frames.of(m.Snapshot).object()
}

// EncodeChanged returns the pollard.v1 object that tells a client to fetch for
// itself, after a delay.
func EncodeChanged(tag etag.Tag, after time.Duration) []byte {
	return encode(struct {
		Type    string   `json:"type"`
		ETag    etag.Tag `json:"etag"`
		AfterMS int64    `json:"after_ms"`
	}{"changed", tag, after.Milliseconds()})
}

// EncodeEnd returns the pollard.v1 object after which nothing more comes of a
// document.
func EncodeEnd(status int, reconnect bool) []byte {
	return encode(struct {
		Type      string `json:"type"`
		Status    int    `json:"status"`
		Reconnect bool   `json:"reconnect"`
	}{"end", status, reconnect})
}

// encodeDocument returns the object of a snapshot with this body. A JSON body
// stands in it byte for byte, so that numbers keep every digit.
func encodeDocument(s *coalescer.Snapshot, body []byte) ([]byte, error) {
	value, err := bodyValue(s, body)
	if err != nil {
		return nil, err
	}
	object := encode(struct {
		Type    string            `json:"type"`
		ETag    etag.Tag          `json:"etag"`
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
	}{"document", s.Tag, http.StatusOK, fieldsOf(s.Header)})
	return closeWith(object, "body", value), nil
}

// bodyValue returns the JSON value that stands for a body.
func bodyValue(s *coalescer.Snapshot, body []byte) ([]byte, error) {
	switch {
	case !utf8.Valid(body):
		return nil, fmt.Errorf("%w: no UTF-8", ErrUnpushable)
	case isJSON(s.Header, body):
		return body, nil
	}
	return encode(string(body)), nil
}

// closeWith returns the object with one member more.
func closeWith(object []byte, name string, value []byte) []byte {
	object = append(object[:len(object)-1], `,"`+name+`":`...)
	return append(append(object, value...), '}')
}

// fieldsOf returns the fields that a client of the decoded body would see.
func fieldsOf(h http.Header) map[string]string {
	fields := make(map[string]string, len(h))
	for name, values := range h {
		switch name {
		case "Content-Encoding":
		case "Etag":
			fields["ETag"] = strings.Join(values, ", ")
		default:
			fields[name] = strings.Join(values, ", ")
		}
	}
	return fields
}

// isJSON reports whether the response is JSON by its media type (RFC 6839 §3.1)
// and by its body.
func isJSON(h http.Header, body []byte) bool {
	mediaType, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")) && json.Valid(body)
}

// encode returns v as JSON, which it must be able to be, with < and > as they
// are: no script reads these messages from a page.
func encode(v any) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("push: encoding %T: %v", v, err)) // ours are strings, numbers and maps of them
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}
