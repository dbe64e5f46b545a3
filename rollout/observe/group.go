package observe

import (
	"cmp"
	"slices"
	"strings"
)

// candidate is a polled URL that no route covers.
type candidate struct {
	path     string
	segments []string
	pages    []*polled // in all of its queries, hosts and variants
}

// pattern is what a route could say to cover some candidates.
type pattern struct {
	segments   []string
	candidates []*candidate
}

func (p *pattern) String() string { return "/" + strings.Join(p.segments, "/") }

// words returns how many segments are no wildcards.
func (p *pattern) words() int {
	n := 0
	for _, s := range p.segments {
		if s != "*" && s != "**" {
			n++
		}
	}
	return n
}

// group finds patterns that cover the candidates and little else: each ends as
// its candidates do and keeps at least one word. What fits in none is left as
// it is.
func group(candidates []*candidate) []*pattern {
	var patterns []*pattern
	for _, family := range families(candidates) {
		patterns = append(patterns, divide(family)...)
	}
	patterns = joinDepths(patterns)
	return slices.DeleteFunc(patterns, func(p *pattern) bool { return p.words() == 0 })
}

// families divides candidates by depth and last segment. Words in the last
// segment are never merged: below /projects/* there is more than what is polled.
func families(candidates []*candidate) [][]*candidate {
	byEnd := map[string][]*candidate{}
	var ends []string
	for _, c := range candidates {
		n := len(c.segments)
		end := strings.Repeat("/", n) + c.segments[n-1]
		if byEnd[end] == nil {
			ends = append(ends, end)
		}
		byEnd[end] = append(byEnd[end], c)
	}
	slices.Sort(ends)
	all := make([][]*candidate, len(ends))
	for i, end := range ends {
		all[i] = byEnd[end]
	}
	return all
}

// few and many bound from below how many different segments in one place are
// taken for names, which a wildcard may stand for, and no words: many, or a few
// that are most of what there is.
const (
	few  = 4
	many = 8
)

// divide splits a family by its words and merges it over its names.
func divide(family []*candidate) []*pattern {
	place, values := leastVaried(family)
	switch {
	case place < 0:
		return []*pattern{{slices.Clone(family[0].segments), family}}
	case len(values) >= many, len(values) >= few && few*len(values) > len(family):
		return []*pattern{{merge(family), family}}
	}
	var patterns []*pattern
	for _, v := range values {
		part := slices.DeleteFunc(slices.Clone(family), func(c *candidate) bool { return c.segments[place] != v })
		patterns = append(patterns, divide(part)...)
	}
	return patterns
}

// leastVaried returns the place where a family has the fewest segments, of those
// where it has more than one, and the segments; -1 if it has but one everywhere.
func leastVaried(family []*candidate) (place int, values []string) {
	place = -1
	for i := range family[0].segments {
		here := distinct(family, i)
		if len(here) > 1 && (place < 0 || len(here) < len(values)) {
			place, values = i, here
		}
	}
	return place, values
}

func distinct(family []*candidate, place int) []string {
	var values []string
	seen := map[string]bool{}
	for _, c := range family {
		if v := c.segments[place]; !seen[v] {
			seen[v] = true
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values
}

// merge puts a wildcard wherever a family varies.
func merge(family []*candidate) []string {
	merged := slices.Clone(family[0].segments)
	for i := range merged {
		for _, c := range family {
			if c.segments[i] != merged[i] {
				merged[i] = "*"
			}
		}
	}
	return merged
}

// joinDepths makes one of patterns that differ only in how many wildcards they
// begin with, as for projects in nested groups: /**/-/issues/*/changes. At
// least two words must follow.
func joinDepths(patterns []*pattern) []*pattern {
	byTail := map[string]*pattern{}
	var joined []*pattern
	for _, p := range patterns {
		tail := strings.TrimLeft(p.String(), "/*")
		first, known := byTail[tail]
		if !known || p.words() < 2 || p.segments[0] != "*" || !strings.HasPrefix(first.segments[0], "*") {
			byTail[tail] = p
			joined = append(joined, p)
			continue
		}
		first.segments = append([]string{"**"}, strings.Split(tail, "/")...)
		first.candidates = append(first.candidates, p.candidates...)
	}
	slices.SortFunc(joined, func(a, b *pattern) int { return cmp.Compare(a.String(), b.String()) })
	return joined
}
