package actioncable

import (
	"encoding/json"
	"strings"
)

// channel is the only one that there is.
const channel = "PollChannel"

// identifier is what a client calls a subscription: a JSON string, kept and
// echoed exactly as it was written. Two that mean the same are two.
type identifier string

// path returns the path that the identifier asks to watch. It is not ok if the
// identifier is no object of exactly a channel that exists and a path: a key
// that we do not know may restrict what the client wants to be told.
func (id identifier) path() (path string, ok bool) {
	var text string
	if json.Unmarshal([]byte(id), &text) != nil {
		return "", false
	}
	var params map[string]string // refuses whatever is nested, however deep
	if json.Unmarshal([]byte(text), &params) != nil {
		return "", false
	}
	path = params["path"]
	return path, len(params) == 2 && params["channel"] == channel && strings.HasPrefix(path, "/")
}
