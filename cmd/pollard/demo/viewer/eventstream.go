package viewer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// byEventStream watches as EventSource does.
func (t *tab) byEventStream(ctx context.Context, page Page, _ string) error {
	r, err := t.browser.get(ctx, page.Poll)
	if err != nil {
		return err
	}
	t.browser.dress(r, "empty", "text/event-stream")
	r.Header.Set("Cache-Control", "no-cache")
	response, err := t.browser.patient().Do(r)
	if err != nil {
		return fmt.Errorf("opening a stream of %s: %w", page.Poll, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		return errOver
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, maxAnswer)
	return t.readEvents(lines)
}

// readEvents shows the documents of a stream until its server says that it ends.
func (t *tab) readEvents(lines *bufio.Scanner) error {
	event, data := "", ""
	for lines.Scan() {
		line := lines.Text()
		if value, ok := strings.CutPrefix(line, "event: "); ok {
			event = value
		} else if value, ok := strings.CutPrefix(line, "data: "); ok {
			data += value
		} else if line == "" {
			if err := t.happened(event, data); err != nil {
				return err
			}
			event, data = "", ""
		}
	}
	return fmt.Errorf("a stream broke off: %w", errors.Join(io.ErrUnexpectedEOF, lines.Err()))
}

func (t *tab) happened(event, data string) error {
	switch event {
	case "document":
		return t.shown([]byte(data))
	case "end":
		return errOver
	}
	return nil
}
