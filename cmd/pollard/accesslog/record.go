package accesslog

import (
	"bytes"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// record is what one line says, as it stands in the line. What is not logged is
// empty.
type record struct {
	time   time.Time
	took   time.Duration
	method []byte
	host   []byte
	target []byte // path and query, or an absolute URL
	query  []byte // where it is logged apart, without "?"
	client []byte // address
	user   []byte
	agent  []byte
	tag    []byte
	status int
	bytes  int64

	conditional  bool
	setsCookie   bool
	noStore      bool
	pollInterval time.Duration
}

// verdict tells a GET of a path from everything else. A request line that is
// empty or garbage is what scanners send, not a malformed log.
func (r *record) verdict() verdict {
	if string(r.method) != "GET" {
		return other
	}
	r.cutAuthority()
	if len(r.target) == 0 || r.target[0] != '/' {
		return other
	}
	return get
}

// cutAuthority brings a target in absolute form (RFC 9112 §3.2.2) into origin
// form.
func (r *record) cutAuthority() {
	_, rest, ok := bytes.Cut(r.target, []byte("://"))
	if !ok || r.target[0] == '/' {
		return
	}
	slash := bytes.IndexByte(rest, '/')
	if slash < 0 {
		r.host, r.target = rest, []byte("/")
		return
	}
	r.host, r.target = rest[:slash], rest[slash:]
}

// sighting fills in what a log can know.
func (r *record) sighting(s *observe.Sighting, names *interner) {
	path, query := r.target, []byte(nil)
	if i := bytes.IndexByte(path, '?'); i >= 0 {
		path, query = path[:i], path[i:]
	}
	*s = observe.Sighting{
		Time: r.time, Coarse: r.time.Nanosecond() == 0, Took: r.took,
		Host: names.string(r.host), Path: names.string(path), Query: names.string(query),
		Who:         r.who(),
		Conditional: r.conditional || r.status == 304,
		Status:      r.status, Bytes: r.bytes,
		Tag:          etag.Tag(names.string(r.tag)),
		PollInterval: r.pollInterval, SetsCookie: r.setsCookie, NoStore: r.noStore,
	}
	if query == nil && isNamed(r.query) {
		s.Query = names.query(r.query)
	}
}

// who hashes the best that a log knows of the client: the name of a user who
// signed in, else address and browser together. It is no credential's hash, and
// the same in every run over the same log.
func (r *record) who() uint64 {
	if isNamed(r.user) {
		return xxhash.Sum64(r.user)
	}
	const odd = 0x9e3779b97f4a7c15 // sets address and browser apart
	return xxhash.Sum64(r.client)*odd ^ xxhash.Sum64(r.agent)
}

// isNamed reports whether a log has a value where "-" stands for none.
func isNamed(b []byte) bool { return len(b) > 0 && string(b) != "-" }
