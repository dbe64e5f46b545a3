package observe

import (
	"time"

	"github.com/pollard-proxy/pollard/etag"
)

// Sighting is one GET that upstream answered by itself. The zero value of a
// field says that it is not known, as with most of them in an access log.
type Sighting struct {
	Time  time.Time // when it was asked
	Took  time.Duration
	Route string // name of the route that covers it; "" for none
	Host  string
	Path  string // raw, without the query
	Query string // raw, with its "?"

	Who      uint64 // hash of the identity; of a client without one, of its address
	Document uint64 // hash of the key under which it would be coalesced, as the route is set; 0 where it could not be
	Bypass   string // why it could not be, as in pollard_bypass_total

	Conditional bool // it carried If-None-Match or If-Modified-Since
	Status      int
	Bytes       int64 // of the body
	Tag         etag.Tag
	Body        uint64 // hash of the body; 0 where there was none to hash

	PollInterval time.Duration // as upstream said
	SetsCookie   bool          // Set-Cookie
	NoStore      bool          // Cache-Control: no-store
	Vary         []string      // fields that the answer varies on beyond the key
}
