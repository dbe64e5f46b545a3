package viewer

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxAnswer bounds what a browser reads of one answer, in bytes.
const maxAnswer = 1 << 20

const userAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"

// A browser is one person's: all of its tabs share the session and the cache.
type browser struct {
	person string
	base   *url.URL
	client *http.Client
	check  func(person string, body []byte) error

	mu    sync.Mutex // guards cache
	cache map[string]*stored
}

// stored is an answer as the HTTP cache keeps it. It is replaced, never changed.
type stored struct {
	header http.Header
	body   []byte
}

// foreignError says that an answer was made for somebody else.
type foreignError struct{ error }

func (b *browser) signIn(ctx context.Context) error {
	form := strings.NewReader(url.Values{"user": {b.person}}.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.base.JoinPath("/users/sign_in").String(), form)
	if err != nil {
		return err
	}
	b.dress(r, "document", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.base.Scheme+"://"+b.base.Host)
	_, err = b.fetch(r)
	return err
}

// open loads a page.
func (b *browser) open(ctx context.Context, path string) error {
	r, err := b.get(ctx, path)
	if err != nil {
		return err
	}
	b.dress(r, "document", "text/html,application/xhtml+xml,*/*;q=0.8")
	_, err = b.fetch(r)
	return err
}

// poll asks as a page's script does, through the cache. The token is the page's own.
func (b *browser) poll(ctx context.Context, page Page, token string) (*stored, error) {
	r, err := b.get(ctx, page.Poll)
	if err != nil {
		return nil, err
	}
	b.dress(r, "empty", "application/json, text/plain, */*")
	r.Header.Set("X-Requested-With", "XMLHttpRequest")
	r.Header.Set("X-CSRF-Token", token)
	r.Header.Set("Referer", b.base.JoinPath(page.Path).String())
	answer, err := b.revalidate(r)
	if err != nil {
		return nil, err
	}
	if err := b.check(b.person, answer.body); err != nil {
		return nil, foreignError{err}
	}
	return answer, nil
}

// interval is Poll-Interval as a page's script reads it: what is no positive number of milliseconds ends the polling, and is 0 here.
func (s *stored) interval() time.Duration {
	ms, err := strconv.Atoi(s.header.Get("Poll-Interval"))
	if err != nil || ms <= 0 {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// isPushed reports whether the answer says that its document can be watched.
func (s *stored) isPushed() bool {
	return s.header.Get("Pollard-Push") == "1" && s.header.Get("ETag") != ""
}

// revalidate sends r, with the tag of the answer that the cache has, and returns what the page is given. A 304 freshens the stored fields
// (RFC 9111 §4.3.4) and reaches the page as the stored 200; one that was not asked for is an error. max-age is not looked at: every
// answer that is polled says 0.
func (b *browser) revalidate(r *http.Request) (*stored, error) {
	kept := b.kept(r.URL.Path)
	if kept != nil {
		r.Header.Set("If-None-Match", kept.header.Get("ETag"))
	}
	response, err := b.fetch(r)
	if err != nil {
		return nil, err
	}
	answer := &stored{response.Header, response.body}
	switch {
	case response.status == http.StatusNotModified && kept == nil:
		return nil, fmt.Errorf("%s: 304 without a condition", r.URL.Path)
	case response.status == http.StatusNotModified:
		answer = &stored{freshen(kept.header, response.Header), kept.body}
	case response.status != http.StatusOK:
		return answer, nil
	}
	b.keep(r.URL.Path, answer)
	return answer, nil
}

func (b *browser) kept(path string) *stored {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cache[path]
}

// keep stores an answer, or forgets the one before it when this one may not be stored or could not be revalidated.
func (b *browser) keep(path string, answer *stored) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.cache, path)
	if answer.header.Get("ETag") != "" && !strings.Contains(answer.header.Get("Cache-Control"), "no-store") {
		b.cache[path] = answer
	}
}

// freshen returns the stored fields with those of a 304 in their place.
func freshen(kept, news http.Header) http.Header {
	merged := kept.Clone()
	for name, values := range news {
		if name != "Content-Length" {
			merged[name] = values
		}
	}
	return merged
}

func (b *browser) get(ctx context.Context, path string) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, http.MethodGet, b.base.JoinPath(path).String(), nil)
}

// dress gives r the fields that browsers send.
func (b *browser) dress(r *http.Request, destination, accept string) {
	mode := "cors"
	if destination == "document" {
		mode = "navigate"
	}
	for name, value := range map[string]string{
		"Accept":          accept,
		"Accept-Encoding": "gzip, deflate",
		"Accept-Language": "en-GB,en;q=0.9",
		"User-Agent":      userAgent,
		"Sec-Fetch-Dest":  destination,
		"Sec-Fetch-Mode":  mode,
		"Sec-Fetch-Site":  "same-origin",
	} {
		r.Header.Set(name, value)
	}
}

// patient returns the browser's client without its limit on how long an answer may take.
func (b *browser) patient() *http.Client {
	client := *b.client
	client.Timeout = 0
	return &client
}

type response struct {
	http.Header
	status int
	body   []byte
}

// fetch sends r and reads the whole answer. Like the page's script it takes every status for an error that is neither 2xx nor the 304
// that the cache has asked for.
func (b *browser) fetch(r *http.Request) (*response, error) {
	got, err := b.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	body, err := io.ReadAll(io.LimitReader(got.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.URL.Path, err)
	}
	if got.StatusCode >= 300 && got.StatusCode != http.StatusNotModified {
		return nil, fmt.Errorf("%s: status %d", r.URL.Path, got.StatusCode)
	}
	return &response{got.Header, got.StatusCode, body}, nil
}

// pageToken is what a page carries against forged forms: new with every page.
func pageToken() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
