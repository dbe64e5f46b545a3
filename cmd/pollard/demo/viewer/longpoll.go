package viewer

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// wait is for how long a long poll lets the server wait.
const wait = "wait=20"

// byLongPoll asks and lets the server wait, until it no more says that it has.
func (t *tab) byLongPoll(ctx context.Context, page Page, tag string) error {
	for {
		t.count.poll()
		next, body, err := t.browser.longPoll(ctx, page, tag)
		if err != nil {
			return err
		}
		if next == tag {
			continue
		}
		if tag = next; tag == "" {
			return errOver
		}
		if err := t.shown(body); err != nil {
			return err
		}
	}
}

// longPoll returns the state that is not the one with this tag as soon as there is one, or the same tag after a while. Without a tag in
// return the server has not waited.
func (b *browser) longPoll(ctx context.Context, page Page, tag string) (next string, body []byte, err error) {
	r, err := b.get(ctx, page.Poll)
	if err != nil {
		return "", nil, err
	}
	b.dress(r, "empty", "application/json, text/plain, */*")
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	r.Header.Set("If-None-Match", tag)
	r.Header.Set("Prefer", wait)
	response, err := b.patient().Do(r)
	if err != nil {
		return "", nil, fmt.Errorf("a long poll: %w", err)
	}
	defer response.Body.Close()
	if response.Header.Get("Preference-Applied") == "" {
		return "", nil, nil
	}
	switch response.StatusCode {
	case http.StatusNotModified:
		return tag, nil, nil
	case http.StatusOK:
		body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		return response.Header.Get("ETag"), body, err
	}
	return "", nil, nil
}
