package certificates

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestTheBreakGlassEndsByItself(t *testing.T) {
	a := newAuthority(t)
	u, own := newUpstream(t, a), newSecret(t, a.issue(50*day))
	until := func(end time.Time) string {
		return fmt.Sprintf("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nupstream: %s\nlog: {polls: false}\n"+
			"upstream_tls: {certificate: %s, key: %s, skip_verify_until: %s}\n",
			u.URL, own.path("tls.crt"), own.path("tls.key"), end.UTC().Format(time.RFC3339))
	}
	p := serve(t, until(time.Now().Add(time.Hour))) // of an authority that nobody has told it of
	status := func() error {
		resp, err := http.Get("http://" + p.front + "/doc")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		return want(resp.StatusCode, http.StatusOK)
	}
	const unverified = "pollard_upstream_unverified"
	if err := status(); err != nil {
		t.Errorf("while the upstream is not verified: %v", err)
	}
	if got := p.metric(unverified); got != 1 {
		t.Errorf("%s: got %v, want 1", unverified, got)
	}
	p.configure(until(time.Now().Add(2 * time.Second)))
	p.eventually("the upstream is verified", func() error { return want(p.metric(unverified), 0) })
	if err := status(); err == nil {
		t.Error("an upstream that nobody vouches for was asked after the end")
	}
}
