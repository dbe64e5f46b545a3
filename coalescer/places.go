package coalescer

import (
	"net/url"
	"strings"
	"sync"
)

// places are the feeds by path, so that news of a path reaches its documents
// without a search, whatever their host, query, identity and variant. A feed is
// in it for as long as it is in the store.
type places struct {
	mu     sync.Mutex       // taken under that of a shard; takes none itself
	byPath map[string]*Feed // the first of each path, which knows the next; guarded by mu
}

func newPlaces() *places { return &places{byPath: map[string]*Feed{}} }

// cutURL splits the URL of a feed, which begins with a host, into its path, as
// decoded, and its query with the "?". Paths that cannot be decoded stay raw: no
// route has any.
func cutURL(u string) (path, query string) {
	if i := strings.IndexByte(u, '?'); i >= 0 {
		u, query = u[:i], u[i:]
	}
	path = u[max(0, strings.IndexByte(u, '/')):]
	if plain, err := url.PathUnescape(path); err == nil {
		path = plain
	}
	return path, query
}

func (ps *places) add(f *Feed) {
	path, _ := cutURL(f.url)
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if f.next = ps.byPath[path]; f.next != nil {
		f.next.prev = f
	}
	ps.byPath[path] = f
}

func (ps *places) remove(f *Feed) {
	path, _ := cutURL(f.url)
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if f.next != nil {
		f.next.prev = f.prev
	}
	switch {
	case f.prev != nil:
		f.prev.next = f.next
	case f.next != nil:
		ps.byPath[path] = f.next
	default:
		delete(ps.byPath, path)
	}
	f.next, f.prev = nil, nil
}

// at returns the feeds of a path; with a query, only of that one.
func (ps *places) at(path, query string) (feeds []*Feed) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for f := ps.byPath[path]; f != nil; f = f.next {
		if _, q := cutURL(f.url); query == "" || q == query {
			feeds = append(feeds, f)
		}
	}
	return feeds
}

// paths returns every path there is.
func (ps *places) paths() []string {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	paths := make([]string, 0, len(ps.byPath))
	for path := range ps.byPath {
		paths = append(paths, path)
	}
	return paths
}
