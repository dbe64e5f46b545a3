package actioncable

import (
	"encoding/json"
	"strings"
	"testing"
)

// Whatever a client says, what is said to it about that is JSON, and names its
// identifier as it stood in the command.
func FuzzCommand(f *testing.F) {
	for _, seed := range []string{
		`{"command":"subscribe","identifier":"{\"channel\":\"PollChannel\",\"path\":\"/a?b=c\"}"}`,
		`{"command":"subscribe","identifier":"{\"channel\":\"PollChannel\",\"path\":\"/\\ud800\"}"}`,
		`{"command":"subscribe","identifier":"\ud800"}`,
		`{"command":"unsubscribe","identifier":null}`,
		`{"command":"history","identifier":"x","history":{"streams":{"/a":{"epoch":"1","offset":-1}}}}`,
		`{"Command":"subscribe","IDENTIFIER":"x","identifier":{}}`,
		`{"command":"subscribe"}{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		c, err := parseCommand(said)
		if err != nil || c.id() == "" {
			return
		}
		if !strings.Contains(string(said), string(c.id())) {
			t.Errorf("%q is no part of %q", c.id(), said)
		}
		path, ok := c.id().path()
		if ok && !strings.HasPrefix(path, "/") {
			t.Errorf("%q is a path", path)
		}
		standingOf(c.History, path, position{Epoch: "1", Offset: 1})
		checkFrame(t, []byte(about(c.id(), confirmed)), c.id())
		checkFrame(t, positioned(message(c.id(), []byte(`{}`)), path, position{Epoch: "1", Offset: 1}), c.id())
	})
}

func checkFrame(t *testing.T, frame []byte, id identifier) {
	t.Helper()
	var got struct{ Identifier json.RawMessage }
	if err := json.Unmarshal(frame, &got); err != nil || string(got.Identifier) != string(id) {
		t.Errorf("frame %s: identifier %s, %v; want %s", frame, got.Identifier, err, id)
	}
}
