package dashboards

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/test/program"
)

// bounded is a configuration of an instance that is soon full.
const bounded = `secret: 0123456789abcdef
admin: %s
upstream: %s
upstream_tls: {%s}
limits: {watchers: 20, %s}
routes:
  - {name: board, path: /board/*, stage: push, share: everything, interval: 1s, holdout: 0, check: 0}
`

// TestAlertsFireForTheInstanceThatIsInTrouble has two instances: one fills up, is
// asked too often, its certificate ends and its upstream is anybody; the other is stormed, killed alone, and
// loses its upstream, of which one endpoint was never there.
func TestAlertsFireForTheInstanceThatIsInTrouble(t *testing.T) {
	t.Parallel()
	installed(t, "prometheus")
	app := httptest.NewTLSServer(newUpstream(t))
	t.Cleanup(app.Close)
	certificate, key := filepath.Join(t.TempDir(), "certificate.pem"), filepath.Join(t.TempDir(), "key.pem")
	certify(t, certificate, key, 2*24*time.Hour)
	full, stormed := program.FreeAddress(t), program.FreeAddress(t)
	at := prometheusWith(t, hurried(t), full, stormed)
	own := fmt.Sprintf("certificate: %q, key: %q", certificate, key)
	anybody := "skip_verify_until: " + time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	few, calm := "requests_per_address: 5", "handshakes: 1"
	a := serve(t, fmt.Sprintf(bounded, full, app.URL, own+", "+anybody, few))
	b := serve(t, fmt.Sprintf(bounded, stormed, "["+app.URL+", https://"+program.FreeAddress(t)+"]", anybody, calm))

	crowd := newTraffic(t, a.front)
	for again := time.NewTicker(*quarter / 7); len(crowd.conns) < 19; <-again.C { // a slope that busy machines see, too
		crowd.watch("websocket", "user-0", "/board/1")
	}
	public := newTraffic(t, b.front)
	public.poll("user-0", "/elsewhere", 100*time.Millisecond)
	fire(t, at, "PollardSaturating", "PollardSaturated", "PollardUpstreamUnverified", "PollardCertificateExpiring", "PollardEndpointEjected")
	crowd.hangUp()
	mended := documents(t).URL
	a.configure(fmt.Sprintf(bounded, full, mended, own, few))
	certify(t, certificate, key, time.Second)
	public.storm("/board/1", 50*time.Millisecond)
	crowd.poll("user-0", "/elsewhere", 10*time.Millisecond)
	fire(t, at, "PollardCertificateExpired", "PollardReconnectStorm", "PollardLimitRefusing")
	crowd.stop()
	b.command("rollout", "kill")
	app.Close()
	fire(t, at, "PollardKilledInPart", "PollardUpstreamDown")

	public.stop()
	b.command("rollout", "revive")
	b.configure(fmt.Sprintf(bounded, stormed, mended, "", calm))
	certify(t, certificate, key, 365*24*time.Hour)
	over(t, at, ".*")
}

// storm has somebody begin to watch a path, and go, again and again.
func (tr *traffic) storm(path string, every time.Duration) {
	tr.running.Go(func() {
		for again := time.NewTicker(every); ; {
			select {
			case <-again.C:
			case <-tr.ctx.Done():
				again.Stop()
				return
			}
			conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(tr.front, "http")+path, http.Header{"Origin": {tr.front}})
			if err == nil { // few are let in
				conn.Close()
			}
		}
	})
}
