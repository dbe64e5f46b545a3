package dashboards

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/proxy/admin"
)

// counts are of one route.
type counts struct{ polls, calls, avoided float64 }

// tally is counts by route.
type tally map[string]counts

func (c tally) add(metric, route string, value float64) {
	of := c[route]
	switch metric {
	case "pollard_polls_total":
		of.polls += value
	case "pollard_upstream_requests_total":
		of.calls += value
	case "pollard_polls_avoided_total":
		of.avoided += value
	}
	c[route] = of
}

// sample is one of a scrape, with its labels as they are written.
type sample struct {
	metric, labels string
	value          float64
}

var (
	sampleLine = regexp.MustCompile(`(?m)^(pollard_\w+)\{(.*)\} (\S+)$`)
	routeLabel = regexp.MustCompile(`\broute="(\w+)"`)
)

// scrape returns the samples of /metrics that have labels.
func (p *instance) scrape() (samples []sample) {
	p.t.Helper()
	for _, found := range sampleLine.FindAllStringSubmatch(string(p.body("/metrics")), -1) {
		value, err := strconv.ParseFloat(found[3], 64)
		if err != nil {
			p.t.Fatal(err)
		}
		samples = append(samples, sample{found[1], found[2], value})
	}
	return samples
}

// scraped adds up /metrics by route.
func (p *instance) scraped() tally {
	p.t.Helper()
	sums := make(tally)
	for _, s := range p.scrape() {
		if route := routeLabel.FindStringSubmatch(s.labels); route != nil {
			sums.add(s.metric, route[1], s.value)
		}
	}
	return sums
}

// sum adds up the samples of a metric that have all of some labels.
func (p *instance) sum(metric string, labels ...string) (sum float64) {
	p.t.Helper()
	for _, s := range p.scrape() {
		lacks := func(label string) bool { return !strings.Contains(s.labels, label) }
		if s.metric == metric && !slices.ContainsFunc(labels, lacks) {
			sum += s.value
		}
	}
	return sum
}

// body is what the admin listener answers.
func (p *instance) body(path string) []byte {
	p.t.Helper()
	body, err := get(p.admin + path)
	if err != nil {
		p.t.Fatal(err)
	}
	return body
}

// listed is what the list of routes says.
func listed(t *testing.T, text []byte) tally {
	t.Helper()
	var routes []admin.Route
	decode(t, text, &routes)
	sums := make(tally)
	for _, r := range routes {
		sums[r.Name] = counts{float64(r.Polls), float64(r.Upstream), r.Avoided}
	}
	return sums
}

// reported is what a report of an instance says.
func reported(t *testing.T, text []byte) tally {
	t.Helper()
	var r struct {
		Routes []struct {
			Name string
			Sum  struct{ Polls, Calls, Avoided float64 }
		}
	}
	decode(t, text, &r)
	sums := make(tally)
	for _, r := range r.Routes {
		sums[r.Name] = counts{r.Sum.Polls, r.Sum.Calls, r.Sum.Avoided}
	}
	return sums
}

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// past is what the instance remembers of a route: the slots that have ended.
func (p *instance) past(route string) (past admin.Past) {
	p.t.Helper()
	decode(p.t, p.body("/api/v1/history?route="+route), &past)
	return past
}

// remembered waits until the slot is over in which the last of it was counted.
func (p *instance) remembered(routes tally) tally {
	p.t.Helper()
	quiet := float64(time.Now().UnixMilli()) / 1000
	sums := make(tally)
	for route := range routes {
		var past admin.Past
		eventually(p.t, func() error {
			if past = p.past(route); len(past.Ends) == 0 || past.Ends[len(past.Ends)-1] < quiet {
				return fmt.Errorf("the slot of %s is not over", route)
			}
			return nil
		})
		sums[route] = counts{total(past.Outcomes), total(past.Calls), sumOf(past.Avoided)}
	}
	return sums
}

func total(columns map[string][]uint32) (n float64) {
	for _, column := range columns {
		n += sumOf(column)
	}
	return n
}

func sumOf[T uint32 | float64](column []T) (n float64) {
	for _, value := range column {
		n += float64(value)
	}
	return n
}

// together adds up all routes.
func (c tally) together() (sum counts) {
	for _, of := range c {
		sum.polls += of.polls
		sum.calls += of.calls
		sum.avoided += of.avoided
	}
	return sum
}

func (c counts) measured() float64 { return 1 - c.calls/c.polls }

// modelled counts what was avoided as polls.
func (c counts) modelled() float64 { return 1 - c.calls/(c.polls+c.avoided) }
