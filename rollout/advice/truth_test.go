package advice

import (
	"slices"
	"time"
)

// This file says what each setting truly saves of a history: by the rules of
// docs/ARCHITECTURE.md, from what only the simulation knows. It shares nothing
// with what it is held against.

// held is a document in the coalescer.
type held struct {
	due, own time.Duration
	version  int
	filled   bool
}

// slot is the key of a document; who is 0 where all share it.
type slot struct {
	document int
	who      uint64
}

func (h *history) coalesced(share string) float64 {
	documents, probes := map[slot]*held{}, map[int]*held{}
	calls := 0
	for i := range h.polls {
		p := &h.polls[i]
		key := slot{p.document, p.Who}
		if share == "everything" {
			key.who = 0
		}
		d := grow(documents, key)
		if p.at < d.due {
			continue
		}
		if share == "verified" {
			calls += h.verified(p, d, grow(probes, p.document))
			continue
		}
		limit := 10 * time.Minute
		if h.always {
			limit = time.Minute
		}
		if share == "changes" && d.filled && p.at-d.own <= limit {
			pr := grow(probes, p.document)
			if p.at >= pr.due {
				*pr = held{due: p.at + h.period, version: p.version}
				calls++
			}
			if pr.version == d.version {
				d.due = pr.due
				continue
			}
		}
		*d = held{due: p.at + h.period, own: p.at, version: p.version, filled: true}
		calls++
	}
	return 1 - float64(calls)/float64(len(h.polls))
}

// verified is what one poll costs where the first of a circle asks for all.
func (h *history) verified(p *poll, d, circle *held) int {
	isProven := d.filled && p.at-d.own <= 52500*time.Millisecond && circle.version == d.version
	if isProven && p.at < circle.due {
		d.due = circle.due
		return 0
	}
	own := d.own
	if !isProven || p.version != d.version {
		own = p.at
	}
	*circle = held{due: p.at + h.period, version: p.version}
	*d = held{due: circle.due, own: own, version: p.version, filled: true}
	return 1
}

// pushed is the reduction where each tab polls once and then watches.
func (h *history) pushed(share string) float64 {
	tick := h.period + h.period/40
	calls, byKey := 0.0, map[slot][]stay{}
	for _, s := range h.stays {
		calls += float64(s.tabs) // admissions
		key := slot{s.document, s.who}
		if share == "everything" {
			key.who = 0
		}
		byKey[key] = append(byKey[key], s)
	}
	byDocument := map[slot][]stay{}
	for key, stays := range byKey {
		byDocument[slot{document: key.document}] = append(byDocument[slot{document: key.document}], stays...)
		for _, s := range together(stays) {
			calls++ // the first poll
			if share == "changes" || share == "verified" {
				calls += h.proofs(s)
			} else {
				calls += float64((s.to - s.from) / tick)
			}
		}
	}
	if share == "changes" || share == "verified" {
		for _, stays := range byDocument {
			for _, s := range together(stays) {
				calls += float64((s.to - s.from) / tick)
				if share == "verified" { // whoever asked for all had the change by that
					calls -= float64(h.version(s.document, s.to) - h.version(s.document, s.from))
				}
			}
		}
	}
	return 1 - calls/float64(len(h.polls))
}

// proofs is how often whoever stays is given the body anew: at each change, and when
// the lease since the last one is over.
func (h *history) proofs(s stay) float64 {
	n, last := 0.0, s.from
	for at := s.from; at <= s.to; at += 100 * time.Millisecond {
		if h.version(s.document, at) != h.version(s.document, last) || at-last >= 52500*time.Millisecond {
			n, last = n+1, at
		}
	}
	return n
}

// together joins stays that overlap.
func together(stays []stay) []stay {
	slices.SortFunc(stays, func(a, b stay) int { return int(a.from - b.from) })
	var joined []stay
	for _, s := range stays {
		if n := len(joined); n > 0 && s.from <= joined[n-1].to {
			joined[n-1].to = max(joined[n-1].to, s.to)
		} else {
			joined = append(joined, s)
		}
	}
	return joined
}

func grow[K comparable](m map[K]*held, key K) *held {
	if m[key] == nil {
		m[key] = &held{}
	}
	return m[key]
}
