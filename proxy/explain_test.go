package proxy

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/rollout"
)

func TestExplainSaysWhatBecomesOfAPoll(t *testing.T) {
	tests := []struct {
		url      string
		lines    []string
		decision string
		reason   string // a part of it
	}{
		{"http://app.test/d", nil, "coalesce", "at most one call"},
		{"/d?a=1", nil, "coalesce", "at most one call"},
		{"https://app.test/d", []string{"X-Unheard-Of: 1"}, "bypass", "header:X-Unheard-Of"},
		{"/d", []string{"Range: bytes=0-1"}, "bypass", "range"},
		{"/d", []string{"Connection: Accept"}, "bypass", "connection"},
		{"/d", []string{"Accept: text/event-stream"}, "pass", "no poll"},
		{"/a/b/c", nil, "pass", "no route matches"},
		{"/a/../d", nil, "pass", "more than one way"},
		{"/me;x.json", nil, "pass", "more than one way"},
		{"/observed/x", nil, "pass", "stage observe"},
	}
	play(t, says("hello", `ETag: "v1"`), func(r *rig) {
		for _, test := range tests {
			e, err := r.Explain(test.url, request("/", test.lines...).Header)
			if err != nil || e.Decision != test.decision || !strings.Contains(e.Reason, test.reason) {
				t.Errorf("%s %q: got %s because %q (%v), want %s because %q", test.url, test.lines, e.Decision, e.Reason, err, test.decision, test.reason)
			}
		}
		if _, err := r.Explain("nonsense", nil); err == nil {
			t.Error("what is no URL is explained")
		}
	}, polled("/*"), polled("/observed/*", at(rollout.Observe, "100"), func(o *RouteOptions) { o.Name = "observed" }))
}

func TestExplainTellsNoSecret(t *testing.T) {
	play(t, says("the body", `ETag: "v1"`), func(r *rig) {
		target := "/d?private_token=hush&a=1;rss_token=hush&%74oken=hush&q=1"
		credentials := []string{"Authorization: Bearer hush", "Cookie: sid=hush", "Private-Token: hush"}
		r.get(target, credentials...)
		e, err := r.Explain("http://me:hush@app.test"+target, request("/", credentials...).Header)
		if err != nil {
			t.Fatal(err)
		}
		said, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(said), "hush") || strings.Contains(string(said), "the body") {
			t.Errorf("an explanation tells what it should not: %s", said)
		}
		if e.Key.Host != "app.test" || len(e.Stored) != 1 || e.Stored[0].Tag != `"v1"` || !strings.HasSuffix(e.Key.Query, "&q=1") {
			t.Errorf("and hides what it should tell: %s", said)
		}
	}, polled("/*"))
}

func TestExplainSaysWhyDocumentsPass(t *testing.T) {
	play(t, says("hello"), func(r *rig) {
		r.get("/d")
		r.get("/d", "Accept: text/html")
		e, err := r.Explain("/d", http.Header{})
		if err != nil || !strings.Contains(e.Reason, "no-validator") || len(e.Stored) != 2 || e.Bypasses["no-validator"] != 0 {
			t.Errorf("got %+v, %v", e, err)
		}
		r.get("/d")
		if e, _ = r.Explain("/d", http.Header{}); e.Bypasses["no-validator"] != 1 {
			t.Errorf("bypasses: got %v", e.Bypasses)
		}
	}, polled("/*"))
}

func TestExplainNamesWhatTheKeyIsMadeOf(t *testing.T) {
	for share, h := range newKeyRig(t, func(o *RouteOptions) { o.Identity, o.Variant = []string{"X-Tenant"}, []string{"X-Theme"} }) {
		h.Coalescer = coalescer.New(coalescer.Options{})
		t.Cleanup(h.Coalescer.Close)
		e, err := h.Explain("http://app.test/d", http.Header{})
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(e.Key.Identity, "X-Tenant"); got != (share != coalescer.Everything) {
			t.Errorf("share %v: identity is %q", share, e.Key.Identity)
		}
		if !slices.Contains(e.Key.Variant, "X-Theme") {
			t.Errorf("share %v: variant is %q", share, e.Key.Variant)
		}
	}
}
