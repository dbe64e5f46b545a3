package observe

import "time"

// visit is one identity at one URL.
type visit struct {
	page uint64 // key of the URL
	who  uint64
	pace pace

	body, tag uint64 // what it was last given in full; 0 where that is not known
	bytes     int64
	answered  bool   // something with 200 or 304
	confirmed bool   // something with 304: it asks with conditions
	compared  uint64 // the state with which another identity's was last compared

	due            int64 // coalescing for it alone would ask again
	probed, proven own   // under changes, under verified

	door   door
	doorAt int64
}

// stays is how long the place of a visit is kept. Who comes to a route for the
// first time will come again: without a place until then, clients that find no
// room would take each other's for ever. Elsewhere most do not.
func (v *visit) stays(l *look) time.Duration {
	switch {
	case v.pace.n > 1:
		return v.pace.patience()
	case l.Route != "":
		return 2 * l.interval
	}
	return 0
}

// door is how far an identity is on the way to showing that upstream answers
// conditions before it authenticates: refused, not modified, refused.
type door uint8

const (
	unseen door = iota
	shut
	ajar
)

// doorMemory bounds the time between two steps on that way: a session may have
// been renewed in a longer one.
const doorMemory = int64(time.Minute)

// take sets the state that the client has after an answer, and whether it is news.
func (v *visit) take(l *look, s *Sums) {
	switch {
	case l.Status == 200:
		l.state, l.news = l.Body, v.answered && v.isNews(l, s)
		v.body, v.tag, v.bytes = l.Body, l.tag, l.Bytes
		v.answered = true
	case l.Status == 304:
		if l.tag != 0 && l.tag != v.tag {
			v.body, v.tag = 0, l.tag // of another page of this client
		}
		l.state = v.body
		v.answered, v.confirmed = true, true
	default:
		l.state = refusal(l)
	}
	v.probed.news = v.probed.news || l.news
	v.proven.news = v.proven.news || l.news
}

// refusal is what a client has that upstream refuses the document to. What may
// pass, as a failure does, is no state.
func refusal(l *look) uint64 {
	if l.refuses() {
		return mix(uint64(l.Status), 1)
	}
	return 0
}

// isNews reports whether a full answer brings another state than the one before,
// by the best that is known: the body, else the tag. An access log has neither;
// then a client that is also told 304 was told 200 for a reason, and another
// size is another body.
func (v *visit) isNews(l *look, s *Sums) bool {
	switch {
	case l.Body != 0 && v.body != 0:
		sameBody, sameTag := l.Body == v.body, l.tag == v.tag
		if l.tag != 0 && v.tag != 0 && sameBody != sameTag {
			s.restamp(sameTag)
		}
		return !sameBody || !sameTag
	case l.tag != 0 && v.tag != 0:
		return l.tag != v.tag
	}
	return v.confirmed || l.Bytes != v.bytes
}

func (s *Sums) restamp(sameTag bool) {
	if sameTag {
		s.Frozen++
	} else {
		s.Restamped++
	}
}

// knock takes one more step towards knowing whether upstream answers conditions
// before it authenticates, and reports that it does.
func (v *visit) knock(l *look) bool {
	if l.at-v.doorAt > doorMemory {
		v.door = unseen
	}
	shows := false
	switch {
	case l.refuses() && l.Status != 404 && !l.Conditional:
		v.door, shows = shut, v.door == ajar
	case l.Status == 304 && v.door != unseen:
		v.door = ajar
	case l.Status == 200:
		v.door = unseen
	}
	v.doorAt = l.at
	return shows
}
