package report

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// mostPoints is what Prometheus gives for one series at most: 114 days of quarters.
const mostPoints = 11_000

// A history is a Prometheus' counts of each route, quarter by quarter.
type history map[string]map[int64]*Counts

// FromPrometheus makes a report of the quarters of an hour up to now, of all
// instances that the Prometheus at base scrapes. It begins since ago, or when they
// were first scraped.
func FromPrometheus(ctx context.Context, base *url.URL, since time.Duration, now time.Time) (*Report, error) {
	n := int(since / Quarter)
	if n < 1 || n > mostPoints {
		return nil, fmt.Errorf("a report of %v: want %v to %v", since, Quarter, mostPoints*Quarter)
	}
	to := now.Truncate(time.Second)
	r := &Report{From: to.Add(-time.Duration(n) * Quarter), To: to, Source: "Prometheus at " + base.Host}
	h := make(history)
	for metric, place := range map[string]func(*Counts) *float64{
		"pollard_polls_total":             func(c *Counts) *float64 { return &c.Polls },
		"pollard_polls_avoided_total":     func(c *Counts) *float64 { return &c.Avoided },
		"pollard_upstream_requests_total": func(c *Counts) *float64 { return &c.Calls },
	} {
		if err := h.ask(ctx, base, r, metric, place); err != nil {
			return nil, fmt.Errorf("asking %s for %s: %w", base.Redacted(), metric, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		r.Routes = append(r.Routes, routeOf(name, h[name]))
	}
	if len(h) == 0 {
		return nil, fmt.Errorf("%s has nothing of Pollard since %s: does it scrape the admin listeners?", r.Source, r.From.Format(time.RFC3339))
	}
	r.From = h.begin().Add(-Quarter)
	r.conclude()
	return r, nil
}

// begin is the time of the first point; there must be one.
func (h history) begin() time.Time {
	var all []int64
	for _, points := range h {
		all = slices.AppendSeq(all, maps.Keys(points))
	}
	return time.Unix(slices.Min(all), 0)
}

func routeOf(name string, points map[int64]*Counts) Route {
	route := Route{Name: name}
	for _, at := range slices.Sorted(maps.Keys(points)) {
		route.Points = append(route.Points, Point{time.Unix(at, 0).UTC(), *points[at]})
		route.Sum.add(*points[at])
	}
	return route
}

// ask adds one metric to h.
func (h history) ask(ctx context.Context, base *url.URL, r *Report, metric string, place func(*Counts) *float64) error {
	query := url.Values{
		"query": {fmt.Sprintf(`sum by (route) (increase(%s{route!="other"}[15m]))`, metric)},
		"start": {strconv.FormatInt(r.From.Add(Quarter).Unix(), 10)},
		"end":   {strconv.FormatInt(r.To.Unix(), 10)},
		"step":  {"900"},
	}
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric struct{ Route string }
				Values [][2]json.RawMessage
			}
		}
	}
	if err := get(ctx, base.JoinPath("api/v1/query_range"), query, &answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return errors.New(cmp.Or(answer.Error, "this is no answer of a Prometheus"))
	}
	for _, series := range answer.Data.Result {
		for _, v := range series.Values {
			at, value, err := sample(v)
			if err != nil {
				return err
			}
			*place(h.point(series.Metric.Route, at)) += value
		}
	}
	return nil
}

func (h history) point(route string, at int64) *Counts {
	if h[route] == nil {
		h[route] = make(map[int64]*Counts)
	}
	if h[route][at] == nil {
		h[route][at] = &Counts{}
	}
	return h[route][at]
}

// sample reads what Prometheus writes as [seconds, "value"].
func sample(v [2]json.RawMessage) (at int64, value float64, err error) {
	var seconds float64
	var text string
	if err := errors.Join(json.Unmarshal(v[0], &seconds), json.Unmarshal(v[1], &text)); err != nil {
		return 0, 0, fmt.Errorf("a sample: %w", err)
	}
	value, err = strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("a sample: %w", err)
	}
	return int64(seconds), value, nil
}

// get reads the JSON of an answer of whatever status: Prometheus says in it what is
// wrong.
func get(ctx context.Context, at *url.URL, query url.Values, answer any) error {
	u := *at
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Do(req)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // without the URL, which may hold a password
		}
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, 256<<20)).Decode(answer); err != nil {
		return fmt.Errorf("%s: %w", resp.Status, err)
	}
	return nil
}

// conclude completes the routes, orders them, and adds them up.
func (r *Report) conclude() {
	total := Route{Name: "total"}
	points := make(map[int64]*Counts)
	for i, route := range r.Routes {
		r.Routes[i] = r.scaled(route)
		total.Sum.add(route.Sum)
		for _, p := range route.Points {
			if points[p.At.Unix()] == nil {
				points[p.At.Unix()] = &Counts{}
			}
			points[p.At.Unix()].add(p.Counts)
		}
	}
	total.Points = routeOf("", points).Points
	r.Total = r.scaled(total)
	slices.SortStableFunc(r.Routes, func(a, b Route) int { return cmp.Compare(b.Sum.Before(), a.Sum.Before()) })
}
