package frontdoor

import (
	"bytes"
	"context"
	"log/slog"
)

// A logWriter takes the lines of net/http's ErrorLog. What fails about our own sockets, or is a mistake of a handler, is
// a warning; the rest is about clients, of which there are many.
type logWriter struct{ log *slog.Logger }

func (w logWriter) Write(line []byte) (int, error) {
	level := slog.LevelDebug
	for _, prefix := range []string{"http: Accept error", "http: superfluous", "http: WriteHeader", "http: response."} {
		if bytes.HasPrefix(line, []byte(prefix)) {
			level = slog.LevelWarn
		}
	}
	w.log.Log(context.Background(), level, string(bytes.TrimSpace(line)))
	return len(line), nil
}
