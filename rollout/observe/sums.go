package observe

import "time"

// Sums are what was counted of some requests. They add up.
type Sums struct {
	Polls     uint64 // requests seen
	Repeats   uint64 // of clients that had asked for the same URL before, and had not been away
	Steady    uint64 // of clients that keep a steady pace
	Untracked uint64 // of clients for which there was no room; they are in no figure of single clients or identities

	Conditional uint64 // If-None-Match, If-Modified-Since
	NotModified uint64 // 304
	Refused     uint64 // redirects, 401, 403, 404
	Failed      uint64 // 5xx, 429, 408
	Bypassed    uint64 // could not be coalesced, for their Bypass
	SetsCookie  uint64
	NoStore     uint64
	Hashed      uint64 // came with a hash of the body
	Tagged      uint64 // came with an entity tag
	Untagged    uint64 // 200 without one, of a source that knows tags

	// Calls that coalescing would have made of these polls, by its own rules
	// replayed: for each identity alone (share nothing), with one probe for all of
	// them (changes), with one of them asking for all (verified, if all are given
	// the same), and for all as one document (everything).
	Alone, Probed, Proven, Together uint64

	Visits   uint64        // stays of a client at a URL
	Watched  time.Duration // tabs that were open, summed over time: a period for each repeat
	Attended time.Duration // identities that were there, summed over time
	Open     time.Duration // documents at which somebody was, summed over time

	Changes   uint64 // new states of documents, each once
	Refetches uint64 // new states of documents, for each identity that was there
	Frozen    uint64 // the body changed and the tag did not
	Restamped uint64 // the tag changed and the body did not

	// Answers to two identities within one interval. Each combination of
	// identity and state counts once.
	Same       uint64 // equal, a change included that reached both
	Differed   uint64 // not, and not for a change
	Unresolved uint64 // it cannot be told which
	TagsSame   uint64 // of those equal in body, equal in their tags, too
	TagsApart  uint64 // of those equal in body, not in their tags

	// Unguarded counts 304s to an identity that upstream refused the document
	// before and after, within a minute each: it answers conditions before it
	// authenticates. None is no proof that it does not.
	Unguarded uint64
}

// Add adds what was counted of other requests.
func (s *Sums) Add(o *Sums) {
	for _, f := range s.counts(o) {
		*f.to += f.by
	}
	s.Watched += o.Watched
	s.Attended += o.Attended
	s.Open += o.Open
}

type addition struct {
	to *uint64
	by uint64
}

func (s *Sums) counts(o *Sums) []addition {
	return []addition{
		{&s.Polls, o.Polls}, {&s.Repeats, o.Repeats}, {&s.Steady, o.Steady}, {&s.Untracked, o.Untracked},
		{&s.Conditional, o.Conditional}, {&s.NotModified, o.NotModified}, {&s.Refused, o.Refused}, {&s.Failed, o.Failed},
		{&s.Bypassed, o.Bypassed}, {&s.SetsCookie, o.SetsCookie}, {&s.NoStore, o.NoStore},
		{&s.Hashed, o.Hashed}, {&s.Tagged, o.Tagged}, {&s.Untagged, o.Untagged},
		{&s.Alone, o.Alone}, {&s.Probed, o.Probed}, {&s.Proven, o.Proven}, {&s.Together, o.Together},
		{&s.Visits, o.Visits}, {&s.Changes, o.Changes}, {&s.Refetches, o.Refetches},
		{&s.Frozen, o.Frozen}, {&s.Restamped, o.Restamped},
		{&s.Same, o.Same}, {&s.Differed, o.Differed}, {&s.Unresolved, o.Unresolved},
		{&s.TagsSame, o.TagsSame}, {&s.TagsApart, o.TagsApart}, {&s.Unguarded, o.Unguarded},
	}
}

// Watchers returns how many tabs are open at a document while any is; 0 where
// that is not known.
func (s *Sums) Watchers() float64 { return ratio(s.Watched, s.Open) }

// TabsEach returns how many tabs an identity has open at a document while it is
// there; 0 where that is not known.
func (s *Sums) TabsEach() float64 {
	return ratio(s.Watched, s.Attended) * s.Tracked()
}

// Tracked returns the share of polls whose clients are followed: what is counted
// of single identities (Repeats, Visits, Attended, Refetches, and the calls Alone,
// Probed and Proven) is of these.
func (s *Sums) Tracked() float64 {
	if s.Polls == 0 {
		return 1
	}
	return 1 - float64(s.Untracked)/float64(s.Polls)
}

func ratio(a, b time.Duration) float64 {
	if b <= 0 {
		return 0
	}
	return float64(a) / float64(b)
}
