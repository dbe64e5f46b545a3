package advice

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/rollout/observe"
)

// pages are polled documents of one kind, and what is true of them.
type pages struct {
	route     string
	path      string // with %d for the document
	documents int
	people    int           // who may come
	arrivals  time.Duration // between two of them at one document
	stay      time.Duration
	tabs      int           // each opens 1 to tabs
	period    time.Duration // Poll-Interval
	changes   time.Duration // between two changes of a document
	personal  uint64        // one identity in so many is given its own; 0 for none
	always    bool          // clients send no conditions
}

// stay is one identity at one document.
type stay struct {
	document int
	who      uint64
	from, to time.Duration
	tabs     int
}

// poll is a request, and what upstream has then.
type poll struct {
	observe.Sighting
	at       time.Duration
	document int
	version  int
	tab      int
}

// history is a day of pages, with all that nobody but the simulation knows.
type history struct {
	pages
	paths   []string          // of each document
	changed [][]time.Duration // of each document
	tags    []etag.Tag        // of versions
	stays   []stay
	polls   []poll
	tabs    int
}

var midnight = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

func (p pages) live(rng *rand.Rand, day time.Duration) *history {
	h := &history{pages: p, changed: make([][]time.Duration, p.documents)}
	for d := range p.documents {
		h.paths = append(h.paths, strings.ReplaceAll(p.path, "%d", strconv.Itoa(d)))
		for t := exponential(rng, p.changes); t < day; t += exponential(rng, p.changes) {
			h.changed[d] = append(h.changed[d], t)
		}
		for t := exponential(rng, p.arrivals); t < day; t += exponential(rng, p.arrivals) {
			to := min(day, t+p.period+exponential(rng, p.stay))
			s := stay{d, 1 + rng.Uint64N(uint64(p.people)), t, to, 1 + rng.IntN(p.tabs)}
			h.stays = append(h.stays, s)
			for range s.tabs {
				h.poll(rng, s)
			}
		}
	}
	slices.SortStableFunc(h.polls, func(a, b poll) int { return int(a.at - b.at) })
	return h
}

// poll is one tab: it asks, and again a period after the answer.
func (h *history) poll(rng *rand.Rand, s stay) {
	held := -1
	h.tabs++
	for at := s.from + time.Duration(rng.Int64N(int64(h.period)/4)); at < s.to; at += h.period {
		took := 5*time.Millisecond + exponential(rng, 20*time.Millisecond)
		h.polls = append(h.polls, h.answer(s, at, took, held))
		held = h.version(s.document, at)
		at += took
	}
}

func (h *history) version(document int, at time.Duration) int {
	return sort.Search(len(h.changed[document]), func(i int) bool { return h.changed[document][i] > at })
}

func (h *history) answer(s stay, at, took time.Duration, held int) poll {
	v := h.version(s.document, at)
	p := poll{at: at, document: s.document, version: v, tab: h.tabs, Sighting: observe.Sighting{
		Time: midnight.Add(at), Took: took, Route: h.route, Path: h.paths[s.document], Who: s.who, Document: s.who<<20 | uint64(s.document) + 1,
		Conditional: held >= 0 && !h.always, Status: 200, Tag: h.tag(v), PollInterval: h.period,
	}}
	if p.Conditional && held == v {
		p.Status, p.PollInterval = 304, 0
		return p
	}
	p.Body = uint64(s.document)<<32 | uint64(v+1)<<1
	if h.personal > 0 && s.who%h.personal == 0 {
		p.Body += s.who << 48
	}
	p.Bytes = 300
	return p
}

// tag is the same for all documents: a stamp of the path.
func (h *history) tag(version int) etag.Tag {
	for v := len(h.tags); v <= version; v++ {
		h.tags = append(h.tags, etag.Tag(fmt.Sprintf(`W/"%d"`, v)))
	}
	return h.tags[version]
}

func exponential(rng *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(rng.ExpFloat64() * float64(mean))
}

// days mixes the polls of several histories in the order of time.
func days(all ...*history) []poll {
	var mixed []poll
	for _, h := range all {
		mixed = append(mixed, h.polls...)
	}
	slices.SortStableFunc(mixed, func(a, b poll) int { return int(a.at - b.at) })
	return mixed
}

// watchAll has an observer of so many bytes see all of it.
func watchAll(polls []poll, memory int) *observe.Observer {
	o := observe.New(observe.Options{Memory: memory})
	for i := range polls {
		o.Saw(&polls[i].Sighting)
	}
	return o
}
