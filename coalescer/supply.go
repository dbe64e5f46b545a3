package coalescer

import (
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// Representation is the state of a resource as its owner says that it is.
type Representation struct {
	Path, Query string   // of what; the path decoded, the query with its "?"
	Body        []byte   // as it is, without a coding
	ContentType string   // "" is the one before, where all documents of the target have the same
	Tag         etag.Tag // upstream's; "" has one computed
}

// Supply makes a representation the current state of the documents of its
// target that are public (share: everything), as if upstream had just said so:
// upstream is not asked. It replaces a state of the same media type that has no
// other variants; every other document is touched, and so are all of them where
// more than one host has the path. It returns how many documents there are.
//
// Whoever calls it can tell every client anything: it is for those alone whom
// the operator trusts.
func (c *Coalescer) Supply(by ledger.Source, r *Route, rep *Representation) (documents int) {
	feeds := slices.DeleteFunc(c.documents.places.at(rep.Path, ""), func(f *Feed) bool {
		_, query := cutURL(f.url)
		return query != rep.Query
	})
	isClear := rep.isOfAll(feeds)
	for _, f := range feeds {
		if !isClear || !f.supply(r, rep, time.Now()) {
			f.touch(by, time.Now())
		}
	}
	return len(feeds)
}

// isOfAll reports whether there is but one thing that a representation can be of.
// A path is of as many sites as there are hosts, and one tenant's state must not
// become another's. Where it does not say what it is, and feeds hold several media
// types, it may be of any: one in JSON must not become a page.
func (rep *Representation) isOfAll(feeds []*Feed) bool {
	hosts, kinds := map[string]bool{}, map[string]bool{}
	for _, f := range feeds {
		host, _, _ := strings.Cut(f.url, "/")
		hosts[host] = true
		f.mu.Lock()
		if f.snap != nil {
			kind, _, _ := mime.ParseMediaType(f.snap.Header.Get("Content-Type"))
			kinds[kind] = true
		}
		f.mu.Unlock()
	}
	return len(hosts) <= 1 && (rep.ContentType != "" || len(kinds) <= 1)
}

func (f *Feed) supply(r *Route, rep *Representation, now time.Time) bool {
	f.mu.Lock()
	old := f.snap
	isFit := f.share == Everything && r.Share == Everything && old != nil && rep.replaces(old.Header)
	if isFit {
		f.confirm(rep.snapshot(old.Header, now), r, now, now)
		f.proven, f.run = now, now
		f.past.add(Event{Cause: CauseSupply, Result: compared(old, f.snap)}, f.snap.Tag, now)
	}
	held, events := f.snap, f.past.size()
	f.unlock()
	if isFit {
		f.c.documents.account(f, held, events)
	}
	return isFit
}

// replaces reports whether a representation can stand where one with these
// fields did. A length is in the fields of an answer to HEAD alone. Where upstream
// varies on more than the coding, nobody says which variant this is.
func (rep *Representation) replaces(h http.Header) bool {
	isVariant := func(line string) bool { return !strings.EqualFold(strings.TrimSpace(line), "Accept-Encoding") }
	if len(h["Content-Length"]) > 0 || slices.ContainsFunc(h["Vary"], isVariant) {
		return false
	}
	before, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if rep.ContentType == "" || err != nil {
		return rep.ContentType == ""
	}
	now, _, err := mime.ParseMediaType(rep.ContentType)
	return err == nil && now == before
}

// snapshot has the fields of the one before, but for those that spoke of its
// bytes.
func (rep *Representation) snapshot(before http.Header, now time.Time) *Snapshot {
	s := &Snapshot{Tag: rep.Tag, Header: before.Clone(), Body: rep.Body}
	for _, name := range [...]string{"Content-Encoding", "Last-Modified", "Content-Digest", "Repr-Digest", "Digest", "Content-Md5", "Age"} {
		s.Header.Del(name)
	}
	if s.Tag == "" {
		s.Tag, s.ours = etag.FromBody(rep.Body), true
	}
	s.Header["Etag"] = []string{string(s.Tag)}
	s.Header.Set("Date", now.UTC().Format(http.TimeFormat))
	if rep.ContentType != "" {
		s.Header.Set("Content-Type", rep.ContentType)
	}
	return s
}
