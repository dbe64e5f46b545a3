package demo

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
)

// counted is a proxy that answers by its name and has counted so much.
func counted(t *testing.T, name string, stopped *[]string, totals ...RouteTotals) Proxy {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, name) }))
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	stop := func() {
		s.Close()
		*stopped = append(*stopped, name)
	}
	return Proxy{URL: at, Admin: at, Routes: func() []RouteTotals { return slices.Clone(totals) }, Stop: stop}
}

func TestConnectionsGoToEachProxyInTurn(t *testing.T) {
	var stopped []string
	p, err := Together([]Proxy{counted(t, "a", &stopped), counted(t, "b", &stopped)})
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]int{}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 6 {
		resp, err := client.Get(p.URL.String())
		if err != nil {
			t.Fatal(err)
		}
		name, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		answers[string(name)]++
	}
	if got, want := fmt.Sprint(answers), "map[a:3 b:3]"; got != want {
		t.Errorf("got answers %s, want %s", got, want)
	}
	p.Stop()
	if got, want := fmt.Sprint(stopped), "[a b]"; got != want {
		t.Errorf("got %s stopped, want %s", got, want)
	}
	if _, err := client.Get(p.URL.String()); err == nil {
		t.Error("got an answer after the stop")
	}
}

func TestWhatProxiesCountIsAddedUp(t *testing.T) {
	var stopped []string
	p, err := Together([]Proxy{
		counted(t, "a", &stopped, RouteTotals{Name: "job", Polls: 60, Upstream: 3, Watchers: 2, Avoided: 10}, RouteTotals{Name: "issue"}),
		counted(t, "b", &stopped, RouteTotals{Name: "job", Polls: 20, Upstream: 6, Watchers: 1, Avoided: 10}, RouteTotals{Name: "issue", Polls: 1, Upstream: 1}),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	for range 2 { // looking changes nothing
		got := p.Routes()
		job := got[0]
		if job.Name != "job" || job.Polls != 80 || job.Upstream != 9 || job.Watchers != 3 || *job.Reduction != 0.91 || *job.ReductionMeasured != 1-9.0/80 {
			t.Errorf("got %+v, want 80 polls, 9 calls and 3 watchers, and the reduction of these", job)
		}
		if issue := got[1]; issue.Polls != 1 || issue.Upstream != 1 || *issue.Reduction != 0 {
			t.Errorf("got %+v, want what the second has counted alone", issue)
		}
	}
}
