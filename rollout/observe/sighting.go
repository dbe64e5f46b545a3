package observe

import (
	"time"

	"github.com/pollard-proxy/pollard/etag"
)

// Sighting is one GET that upstream answered by itself. The zero value of a
// field says that it is not known, as with most of them in an access log.
type Sighting struct {
	Time   time.Time // when it was asked
	Coarse bool      // Time is known to the second only, as in most logs
	Took   time.Duration
	Route  string // name of the route that covers it; "" for none
	Host   string
	Path   string // raw, without the query
	Query  string // raw, with its "?"; without what the route ignores

	Who      uint64 // hash of the identity; of a client without one, of its address
	Variant  uint64 // hash of what selects the representation beside the URL
	Document uint64 // hash of the key under which it would be coalesced, as the route is set; 0 where it could not be
	Bypass   string // why it could not be, as in pollard_bypass_total

	Conditional bool // it carried If-None-Match or If-Modified-Since
	Status      int
	Bytes       int64 // of the body
	Tag         etag.Tag
	Body        uint64 // hash of the body; 0 where there was none to hash

	Interval     time.Duration // between upstream calls for its document, as the route is set, where upstream says none
	PollInterval time.Duration // as upstream said
	SetsCookie   bool          // Set-Cookie
	NoStore      bool          // Cache-Control: no-store
	Vary         []string      // fields that the answer varies on beyond the key
}

// isPersonal reports whether the answer says of itself that it is for its reader
// alone.
func (s *Sighting) isPersonal() bool {
	return s.SetsCookie || s.NoStore || len(s.Vary) > 0 && s.Vary[0] == "*"
}

// isShareable reports whether coalescing could give the answer to another poll.
// One without a tag could be: the route may say `etag: body`.
func (s *Sighting) isShareable() bool {
	return s.Bypass == "" && !s.isPersonal() && (s.Status == 200 || s.Status == 304)
}

// refuses reports whether the answer refuses the document to who asked, by a
// redirect to where one signs in, too.
func (s *Sighting) refuses() bool {
	switch s.Status {
	case 301, 302, 303, 307, 308, 401, 403, 404:
		return true
	}
	return false
}
