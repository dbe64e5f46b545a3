package conversations

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A series is one line of a scrape.
type series struct {
	name   string
	labels map[string]string
	value  float64
}

var (
	seriesLine = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? (\S+)$`)
	labelPair  = regexp.MustCompile(`([a-z_]+)=("(?:[^"\\]|\\.)*")`)
)

// parseSeries reads a line of Prometheus' text format; ok is false for a comment.
func parseSeries(line string) (s series, ok bool) {
	found := seriesLine.FindStringSubmatch(strings.TrimSpace(line))
	if found == nil {
		return s, false
	}
	s = series{name: found[1], labels: make(map[string]string)}
	for _, pair := range labelPair.FindAllStringSubmatch(found[2], -1) {
		value, err := strconv.Unquote(pair[2])
		if err != nil {
			return s, false
		}
		s.labels[pair[1]] = value
	}
	var err error
	s.value, err = strconv.ParseFloat(found[3], 64)
	return s, err == nil
}

// sum adds up the series of a scrape that have this one's name and labels.
func (s series) sum(scrape string) (total float64) {
	for line := range strings.Lines(scrape) {
		if found, ok := parseSeries(line); ok && found.name == s.name && found.includes(s.labels) {
			total += found.value
		}
	}
	return total
}

func (s series) includes(labels map[string]string) bool {
	for name, value := range labels {
		if s.labels[name] != value {
			return false
		}
	}
	return true
}

// holds says why a line such as `polls{route="a"} >= 3` is not true of a scrape.
func holds(claim, scrape string) error {
	bound := regexp.MustCompile(` (>=|<=) `)
	operator := strings.TrimSpace(bound.FindString(claim))
	want, ok := parseSeries(bound.ReplaceAllString(claim, " "))
	if !ok {
		return fmt.Errorf("%q is no claim about metrics", claim)
	}
	got := want.sum(scrape)
	switch {
	case operator == ">=" && got >= want.value, operator == "<=" && got <= want.value, operator == "" && got == want.value:
		return nil
	}
	return fmt.Errorf("got %v, want %s", got, claim)
}
