package push

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"github.com/wI2L/jsondiff"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
)

// Bounds of what is compared. A patch costs as much as the bodies are large, and
// finding what moved in arrays, the product of their lengths.
const (
	maxPatched  = 1 << 20 // bytes of a body
	maxElements = 500     // of a body, where moves are looked for
	maxPatches  = 4       // to one state, remembered
)

// patched is the frame that leads from one state to another, where there is one
// and it is smaller than the document.
type patched struct {
	frame
	ok bool
}

// patchFrom returns the frame that leads a client from what it holds to st. It
// is not ok where the document is the better way.
func (st *state) patchFrom(held *state) (frame, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	p, known := st.patches[held.snapshot]
	if known {
		return p.frame, p.ok
	}
	if len(st.patches) >= maxPatches {
		return frame{}, false
	}
	if st.patches == nil {
		st.patches = make(map[*coalescer.Snapshot]patched, 1)
	}
	p.frame, p.ok = newPatch(held, st)
	st.patches[held.snapshot] = p
	return p.frame, p.ok
}

func newPatch(from, to *state) (frame, bool) {
	document, err := to.object()
	if err != nil {
		return frame{}, false
	}
	patch, ok := compare(from, to)
	if !ok {
		return frame{}, false
	}
	object := encodePatch(from, to, patch)
	if len(object) >= len(document) {
		return frame{}, false
	}
	f, err := newFrame(websocket.TextMessage, object)
	return f, err == nil
}

// compare returns the JSON Patch (RFC 6902) between two JSON bodies.
func compare(from, to *state) (jsondiff.Patch, bool) {
	source, isSource := from.jsonBody()
	target, isTarget := to.jsonBody()
	if !isSource || !isTarget {
		return nil, false
	}
	options := []jsondiff.Option{jsondiff.UnmarshalFunc(unmarshalExactly)}
	if bytes.Count(source, []byte{','}) < maxElements && bytes.Count(target, []byte{','}) < maxElements {
		options = append(options, jsondiff.LCS())
	}
	patch, err := jsondiff.CompareJSON(source, target, options...)
	if patch == nil {
		patch = jsondiff.Patch{} // only the spelling differs
	}
	return patch, err == nil
}

// jsonBody returns the body if it is JSON, and not too large to be compared.
func (st *state) jsonBody() ([]byte, bool) {
	body, err := st.body()
	return body, err == nil && len(body) <= maxPatched && utf8.Valid(body) && isJSON(st.snapshot.Header, body)
}

// unmarshalExactly keeps numbers as they are written: as floating point, two
// that differ might look alike.
func unmarshalExactly(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(v)
}

// encodePatch returns the object of a patch, with the fields that differ; null
// takes one away, as in RFC 7396.
func encodePatch(from, to *state, patch jsondiff.Patch) []byte {
	fields := map[string]any{}
	before, after := fieldsOf(from.snapshot.Header), fieldsOf(to.snapshot.Header)
	for name := range before {
		if _, stays := after[name]; !stays {
			fields[name] = nil
		}
	}
	for name, value := range after {
		if old, there := before[name]; !there || old != value {
			fields[name] = value
		}
	}
	return encode(struct {
		Type    string         `json:"type"`
		ETag    etag.Tag       `json:"etag"`
		From    etag.Tag       `json:"from"`
		Headers map[string]any `json:"headers,omitempty"`
		Patch   jsondiff.Patch `json:"patch"`
	}{"patch", to.snapshot.Tag, from.snapshot.Tag, fields, patch})
}
