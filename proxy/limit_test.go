package proxy

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/ledger"
)

func TestRequestsBeyondALimitAreRefusedForAWhile(t *testing.T) {
	from := func(addr string) func(*http.Request) { return func(r *http.Request) { r.RemoteAddr = addr } }
	ann, bob := "Cookie: sid=ann", "Cookie: sid=bob"
	tests := []struct {
		name   string
		limits Limits
		ask    *http.Request // ten at once, and no more
		limit  string
		free   *http.Request // goes on
	}{
		{"of an address", Limits{Requests: 1}, request("/on/no/route"), "requests_per_address",
			changed(request("/on/no/route"), from("192.0.2.2:1"))},
		{"of an address, polls", Limits{Requests: 1}, request("/d"), "requests_per_address",
			changed(request("/d"), from("192.0.2.2:1"))},
		{"of an address, writes", Limits{Requests: 1}, request("POST /d"), "requests_per_address",
			changed(request("POST /d"), from("[2001:db8::1]:1"))},
		{"of a /64", Limits{Requests: 1}, changed(request("/d"), from("[2001:db8::1]:1")), "requests_per_address",
			changed(request("/d"), from("[2001:db8:0:1::1]:1"))},
		{"of an address behind a balancer", Limits{Requests: 1}, changed(request("/d", "X-Forwarded-For: 192.0.2.7"), from(balancer)), "requests_per_address",
			changed(request("/d", "X-Forwarded-For: 192.0.2.8"), from(balancer))},
		{"of whoever makes addresses up", Limits{Requests: 1}, request("/d", "X-Forwarded-For: 192.0.2.7"), "requests_per_address",
			changed(request("/d"), from(balancer))},
		{"upgrades", Limits{Upgrades: 1}, request("/x", "Connection: Upgrade", "Upgrade: websocket"), "upgrades_per_address",
			request("/x")},
		{"event streams", Limits{Upgrades: 1}, request("/x", "Accept: text/event-stream"), "upgrades_per_address",
			request("/d")},
		{"polls of an identity", Limits{Polls: 1}, request("/d", ann), "polls_per_identity",
			request("/d", bob)},
		{"polls of nobody", Limits{Polls: 1}, request("/d"), "polls_per_identity",
			request("/on/no/route")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			play(t, says("hello", `ETag: "v1"`), func(r *rig) {
				r.limits = newLimits(test.limits)
				ask := func() *http.Response { return r.ask(test.ask.Clone(context.Background())) }
				for i := range 10 {
					if resp := ask(); resp.StatusCode != http.StatusOK {
						t.Fatalf("request %d: answered %s", i+1, resp.Status)
					}
				}
				resp := ask()
				if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Cache-Control") != "no-store" {
					t.Fatalf("request 11: answered %s, want 429 that nobody stores", resp.Status)
				}
				if got := r.ask(test.free); got.StatusCode != http.StatusOK {
					t.Errorf("another: answered %s", got.Status)
				}
				after, err := strconv.Atoi(resp.Header.Get("Retry-After"))
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(after) * time.Second)
				if resp := ask(); resp.StatusCode != http.StatusOK {
					t.Errorf("after Retry-After: answered %s", resp.Status)
				}
				if test.ask.RequestURI == "/d" && test.ask.Method == http.MethodGet {
					if said := r.log.String(); !strings.Contains(said, `"outcome":"failed","reason":"`+test.limit+`"`) {
						t.Errorf("no access line says %s:\n%s", test.limit, said)
					}
					if c := r.counts("polled"); c.ByOutcome[ledger.Failed] != 1 {
						t.Errorf("outcomes: got %v, want 1 failed", c.ByOutcome)
					}
				}
			}, polled("/d"))
		})
	}
}

func changed(r *http.Request, with func(*http.Request)) *http.Request {
	with(r)
	return r
}

// TestWhoSpeaksForOthersIsNotLimited: nor is a balancer that asks for itself.
func TestWhoSpeaksForOthersIsNotLimited(t *testing.T) {
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		r.limits = newLimits(Limits{Requests: 1, Upgrades: 1})
		for range 100 {
			in := request("/x", "Accept: text/event-stream")
			in.RemoteAddr = balancer
			if resp := r.ask(in); resp.StatusCode != http.StatusOK {
				t.Fatalf("answered %s", resp.Status)
			}
		}
	}, polled("/d"))
}

// TestOneTooManyCountsAgainstNoRung: or a client could have a route stepped down.
func TestOneTooManyCountsAgainstNoRung(t *testing.T) {
	for status, want := range map[int]bool{http.StatusTooManyRequests: false, http.StatusServiceUnavailable: true} {
		x := exchange{status: status, outcome: ledger.Failed}
		if a := x.fare(); a.Failed != want || a.Ours {
			t.Errorf("%d: got failed %v, ours %v; want failed %v, not ours", status, a.Failed, a.Ours, want)
		}
	}
}

// TestNoPollThatMayBeOneTooManyIsAnsweredInTheLane, where nobody counts.
func TestNoPollThatMayBeOneTooManyIsAnsweredInTheLane(t *testing.T) {
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		r.get("/d")
		for _, test := range []struct {
			limits Limits
			want   bool
		}{{Limits{}, true}, {Limits{Polls: 1}, false}, {Limits{Requests: 1}, false}} {
			r.limits = newLimits(test.limits)
			if _, _, ok := r.Prepare(request("/d"))(nil); ok != test.want {
				t.Errorf("%+v: answered in the lane: %v, want %v", test.limits, ok, test.want)
			}
		}
	}, polled("/d"))
}
