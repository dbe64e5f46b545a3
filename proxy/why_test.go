package proxy

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/rollout"
)

func TestWhyAPageDidNotUpdateIsSaidOfItsLastEvent(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	touch := coalescer.Event{Cause: coalescer.CauseTouch, Detail: "webhook", Times: 1}
	tests := map[string]struct {
		events []coalescer.Event
		want   string // a part of the sentence
	}{
		"never answered":   {nil, "upstream has not answered yet"},
		"a state came":     {[]coalescer.Event{{Cause: "poll", Result: coalescer.ResultChanged, Tag: `"v1"`}}, `a new state came, with the tag "v1"`},
		"nothing changed":  {[]coalescer.Event{{Cause: "watch", Result: coalescer.ResultSame, Tag: `"v1"`, Times: 9}}, "nothing has changed"},
		"told too soon":    {[]coalescer.Event{touch, {Cause: "poll", Result: coalescer.ResultSame}}, "it may have been told too soon"},
		"told just now":    {[]coalescer.Event{touch}, "something told of a change (webhook)"},
		"written":          {[]coalescer.Event{{Cause: coalescer.CauseWrite}}, "had written"},
		"frozen tag":       {[]coalescer.Event{{Cause: "audit", Result: coalescer.ResultSameTag}}, "the tag does not follow the content"},
		"same bytes":       {[]coalescer.Event{{Cause: "watch", Result: coalescer.ResultSameBody}}, "without one byte of the body being another"},
		"probed":           {[]coalescer.Event{{Cause: coalescer.CauseProbe, Result: coalescer.ResultOutdated}}, "by the probe of its path"},
		"by another":       {[]coalescer.Event{{Cause: coalescer.CauseCircle, Result: coalescer.ResultSame}}, "by another who was given the same"},
		"by the fleet":     {[]coalescer.Event{{Cause: coalescer.CauseTold, Result: coalescer.ResultChanged}}, "by another instance"},
		"by the writer":    {[]coalescer.Event{{Cause: coalescer.CauseSupply, Result: coalescer.ResultChanged}}, "from the application itself"},
		"refused":          {[]coalescer.Event{{Cause: "poll", Result: coalescer.ResultRefused, Status: 403}}, "refused whoever asked (403)"},
		"personal":         {[]coalescer.Event{{Cause: "poll", Result: coalescer.ResultAlone, Status: 200, Detail: "set-cookie"}}, "for one reader alone (200, set-cookie)"},
		"failing":          {[]coalescer.Event{{Cause: "poll", Result: coalescer.ResultFailed, Detail: "timeout"}}, "upstream failed (timeout), so nothing new can be known"},
		"covered":          {[]coalescer.Event{{Cause: "poll", Result: coalescer.ResultCovered, Status: 503}}, "upstream failed (503), and the last good answer stands in"},
		"given up":         {[]coalescer.Event{{Cause: "poll", Result: coalescer.ResultAbandoned}}, "nobody waited"},
		"not believed":     {[]coalescer.Event{{Cause: "poll", Result: coalescer.ResultMismatch}}, "was not believed"},
		"came too late":    {[]coalescer.Event{{Cause: "poll", Result: coalescer.ResultOvertaken}}, "was not used"},
		"a poll by itself": {[]coalescer.Event{{Cause: coalescer.CausePass, Status: 200, Detail: "no-store"}}, "upstream answered 200 (no-store)"},
	}
	for name, test := range tests {
		if got := whyDocument(&coalescer.State{Events: test.events}, now); !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q in it", name, got, test.want)
		}
	}
}

func TestWhySaysWhenADocumentIsAskedForNext(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	soon := now.Add(2 * time.Second)
	for want, s := range map[string]coalescer.State{
		"It is being asked now.":          {InFlight: true, Due: soon},
		"It is watched, and asked in 2s.": {Watched: true, Due: soon},
		"It is watched, and asked now.":   {Watched: true, Due: now},
		"by the first poll after 2s.":     {Due: soon},
		"the page has stopped polling.":   {Due: now},
		"go by themselves for 2s (vary).": {Passing: "vary", PassUntil: soon},
	} {
		if got := whyDocument(&s, now); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
}

func TestExplainSaysWhyOnEveryRung(t *testing.T) {
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		for _, test := range []struct{ url, line, want string }{
			{"/on/no/route", "", "pass through (no route matches)"},
			{"/observed/x", "", "pass through (the route is at stage observe)"},
			{"/d", "Range: bytes=0-1", "goes to upstream by itself (range)"},
			{"/never", "", "Nobody has polled or watched this URL"},
			{"/d", "", `learnt a state for the first time, with the tag "v1"`},
		} {
			r.get("/d")
			header := http.Header{}
			if test.line != "" {
				header = request("/", test.line).Header
			}
			e, err := r.Explain(test.url, header)
			if err != nil || len(e.Why) != 1 || !strings.Contains(e.Why[0], test.want) {
				t.Errorf("%s %s: got %q, %v; want %q", test.url, test.line, e.Why, err, test.want)
			}
		}
	}, polled("/*"), polled("/observed/*", at(rollout.Observe, "100"), func(o *RouteOptions) { o.Name = "observed" }))
}
