package conversations

import (
	"fmt"
	"net/http"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
)

// A field is one field line.
type field struct{ name, value string }

// A message is a block: fields and content.
type message struct {
	fields     []field
	absent     []string // names of fields that must not be there
	content    string
	hasContent bool
}

func parseMessage(block []string) (message, error) {
	var m message
	for i, line := range block {
		if line == "" {
			m.content, m.hasContent = strings.Join(block[i+1:], "\n"), true
			break
		}
		if name, ok := strings.CutPrefix(line, "!"); ok {
			m.absent = append(m.absent, name)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return m, fmt.Errorf("%q is no field", line)
		}
		m.fields = append(m.fields, field{name, strings.TrimSpace(value)})
	}
	return m, nil
}

func (m message) has(name string) bool {
	return slices.Contains(m.absent, name) ||
		slices.ContainsFunc(m.fields, func(f field) bool { return strings.EqualFold(f.name, name) })
}

func (m message) get(name string) string {
	for _, f := range m.fields {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// write appends the message to a start line, as it goes over the wire. Framing is added where there is content, or
// where framed says that its lack must be said, and the message has no framing of its own.
func (m message) write(startLine string, framed bool) string {
	var b strings.Builder
	b.WriteString(startLine + "\r\n")
	for _, f := range m.fields {
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	if (framed || m.content != "") && !m.has("Content-Length") && !m.has("Transfer-Encoding") {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(m.content))
	}
	return b.String() + "\r\n" + m.content
}

// checkFields compares what came with what m expects.
func (m message) checkFields(h http.Header) error {
	for _, name := range m.absent {
		if got, ok := h[textproto.CanonicalMIMEHeaderKey(name)]; ok {
			return fmt.Errorf("got field %s: %q, want none", name, got)
		}
	}
	want := make(map[string][]string)
	for _, f := range m.fields {
		name := textproto.CanonicalMIMEHeaderKey(f.name)
		want[name] = append(want[name], f.value)
	}
	for name, values := range want {
		if got := h[name]; !slices.EqualFunc(got, values, sameValue) {
			return fmt.Errorf("got %s: %q, want %q", name, got, values)
		}
	}
	return nil
}

func (m message) checkContent(content string) error {
	if m.hasContent && content != m.content {
		return fmt.Errorf("got content %q, want %q", content, m.content)
	}
	return nil
}

func sameValue(got, want string) bool {
	if pattern, ok := strings.CutPrefix(want, "~"); ok {
		return regexp.MustCompile("^(?:" + pattern + ")$").MatchString(got)
	}
	return got == want
}
