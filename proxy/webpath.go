package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Webpath is a path that a message of another application stands for: a
// template, in which {a.b} is what the message's object a has as b, and {a.b*}
// the same where it may be several segments.
type Webpath struct{ parts []webpart }

// webpart is literal text, then a value; the last has none.
type webpart struct {
	text  string
	names []string // of the value, from the outermost object in; nil for none
	many  bool     // the value may hold slashes
}

// ParseWebpath reads a template such as
// "/{project.path_with_namespace*}/-/issues/{object_attributes.iid}/changes". Its
// error completes a sentence that begins with the template.
func ParseWebpath(template string) (Webpath, error) {
	var w Webpath
	if !strings.HasPrefix(template, "/") {
		return w, errors.New("does not begin with /")
	}
	for rest := template; ; {
		text, after, found := strings.Cut(rest, "{")
		if strings.Contains(text, "}") {
			return w, errors.New("has a } that closes nothing")
		}
		if !found {
			w.parts = append(w.parts, webpart{text: text})
			return w, w.check()
		}
		name, after, found := strings.Cut(after, "}")
		name, many := strings.CutSuffix(name, "*")
		names := strings.Split(name, ".")
		for _, n := range names {
			if !found || n == "" || strings.ContainsAny(n, "{*/") {
				return w, errors.New("has a { that begins no name; want {object.field} or {object.field*}")
			}
		}
		w.parts = append(w.parts, webpart{text, names, many})
		rest = after
	}
}

// check holds that what stands between the values is of a path that can be on a
// route.
func (w *Webpath) check() error {
	var b strings.Builder
	for _, part := range w.parts {
		b.WriteString(part.text)
		if part.names != nil {
			b.WriteString("x")
		}
	}
	if path, _ := cutTarget(b.String()); split(path) == nil {
		return errors.New("is of no path that a route can serve")
	}
	return nil
}

// Path returns the path that a message stands for. It is not ok where the
// message has no such value, or one that cannot stand there: an object, an empty
// text, several segments where the template has one, or what a path cannot hold.
func (w *Webpath) Path(message map[string]any) (path string, ok bool) {
	var b strings.Builder
	for _, part := range w.parts {
		b.WriteString(part.text)
		if part.names == nil {
			continue
		}
		value, ok := lookUp(message, part.names)
		if !ok || !part.many && strings.Contains(value, "/") {
			return "", false
		}
		for i, segment := range strings.Split(value, "/") {
			if i > 0 {
				b.WriteByte('/')
			}
			b.WriteString(url.PathEscape(segment))
		}
	}
	path = b.String()
	plain, _ := cutTarget(path)
	return path, split(plain) != nil
}

// lookUp returns a text, a number or a boolean of a message.
func lookUp(message map[string]any, names []string) (value string, ok bool) {
	inner := any(message)
	for _, name := range names {
		object, isObject := inner.(map[string]any)
		if !isObject {
			return "", false
		}
		inner = object[name]
	}
	switch v := inner.(type) {
	case string:
		return v, v != ""
	case json.Number:
		return v.String(), true
	case bool:
		return fmt.Sprint(v), true
	}
	return "", false
}
