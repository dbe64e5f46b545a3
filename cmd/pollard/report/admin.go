package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// FromInstance makes a report of what one instance has counted since it started, of
// its /api/v1/routes and its /metrics. There is no history in it.
func FromInstance(routes, metrics []byte, now time.Time) (*Report, error) {
	var counted []struct {
		Name            string
		Polls, Upstream uint64
		Avoided         float64
	}
	if err := json.Unmarshal(routes, &counted); err != nil {
		return nil, fmt.Errorf("the admin listener's routes: %w", err)
	}
	started, err := startOf(metrics)
	if err != nil {
		return nil, err
	}
	if !started.Before(now) {
		return nil, fmt.Errorf("the instance started at %v, which is not before %v: compare the clocks", started, now)
	}
	r := &Report{From: started, To: now, Source: "this instance since its start; --prometheus has the history of the fleet"}
	for _, c := range counted {
		r.Routes = append(r.Routes, Route{Name: c.Name, Sum: Counts{float64(c.Polls), c.Avoided, float64(c.Upstream)}})
	}
	r.conclude()
	return r, nil
}

// startOf reads when the process of a scrape started.
func startOf(metrics []byte) (time.Time, error) {
	lines := bufio.NewScanner(bytes.NewReader(metrics))
	for lines.Scan() {
		value, ok := strings.CutPrefix(lines.Text(), "process_start_time_seconds ")
		if !ok {
			continue
		}
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return time.Time{}, fmt.Errorf("process_start_time_seconds: %w", err)
		}
		return time.UnixMilli(int64(seconds * 1000)), nil
	}
	return time.Time{}, fmt.Errorf("the admin listener's metrics do not say when it started; --prometheus does without")
}
