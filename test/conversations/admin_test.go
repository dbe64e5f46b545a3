package conversations

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// ask requests something of the admin listener.
func ask(method, url, sent string) (status int, body string, err error) {
	req, err := http.NewRequest(method, url, strings.NewReader(sent))
	if err != nil {
		return 0, "", err
	}
	admin := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := admin.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(content), err
}

// checkAdmin compares an answer with the lines of a block.
func checkAdmin(body string, block []string) error {
	for _, line := range block {
		if text, ok := strings.CutPrefix(line, "!~ "); ok {
			if strings.Contains(body, text) {
				return fmt.Errorf("got %q, want no %q in it", body, text)
			}
			continue
		}
		if text, ok := strings.CutPrefix(line, "~ "); ok {
			if !strings.Contains(body, text) {
				return fmt.Errorf("got %q, want %q in it", body, text)
			}
			continue
		}
		if err := checkJSON(body, line); err != nil {
			return fmt.Errorf("%w, of %s", err, body)
		}
	}
	return nil
}

// checkJSON checks a line such as `0.name "poll"`, or `!0.killed`.
func checkJSON(body, line string) error {
	var document any
	if err := json.Unmarshal([]byte(body), &document); err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	if path, ok := strings.CutPrefix(line, "!"); ok {
		if got, ok := lookUp(document, path); ok {
			return fmt.Errorf("got %s = %v, want none", path, got)
		}
		return nil
	}
	path, text, _ := strings.Cut(line, " ")
	var want any
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		return fmt.Errorf("%q: %w", line, err)
	}
	got, ok := lookUp(document, path)
	if !ok || !equal(got, want) {
		return fmt.Errorf("got %s = %v, want %v", path, got, want)
	}
	return nil
}

// equal compares values of JSON; figures may differ by what rounding leaves of them.
func equal(got, want any) bool {
	a, isFigure := got.(float64)
	b, too := want.(float64)
	if isFigure && too {
		return math.Abs(a-b) < 1e-9
	}
	return reflect.DeepEqual(got, want)
}

// lookUp follows a path such as 0.name.
func lookUp(v any, path string) (any, bool) {
	for key := range strings.SplitSeq(path, ".") {
		switch container := v.(type) {
		case map[string]any:
			value, ok := container[key]
			if !ok {
				return nil, false
			}
			v = value
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(container) {
				return nil, false
			}
			v = container[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// waiters counts the polls that wait for a call, according to an explanation.
func waiters(explanation string) (n int, err error) {
	var e struct {
		Documents []struct {
			Waiters int `json:"waiters"`
		} `json:"documents"`
	}
	err = json.Unmarshal([]byte(explanation), &e)
	for _, d := range e.Documents {
		n += d.Waiters
	}
	return n, err
}
