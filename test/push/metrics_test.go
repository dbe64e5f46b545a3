package push

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

var seriesLine = regexp.MustCompile(`(?m)^([a-z_]+)(?:\{(.*)\})? (\S+)$`)

// figure returns the sum over all series of a metric that have these labels, as
// name="value".
func (p *pollard) figure(metric string, labels ...string) (sum float64, err error) {
	resp, err := http.Get(p.admin + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
series:
	for _, found := range seriesLine.FindAllStringSubmatch(string(text), -1) {
		if found[1] != metric {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(found[2], label) {
				continue series
			}
		}
		value, err := strconv.ParseFloat(found[3], 64)
		if err != nil {
			return 0, err
		}
		sum += value
	}
	return sum, nil
}

// counts reports an error until a metric has a value.
func (p *pollard) counts(want float64, metric string, labels ...string) func() error {
	return func() error {
		got, err := p.figure(metric, labels...)
		if err == nil && got != want {
			err = fmt.Errorf("got %s%v %v, want %v", metric, labels, got, want)
		}
		return err
	}
}
