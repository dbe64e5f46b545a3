package dashboards

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
	"github.com/pollard-proxy/pollard/test/redistest"
)

// alerting is a configuration of an instance about which alerts are caused.
const alerting = `secret: 0123456789abcdef
admin: %s
upstream: %s
redis: redis://%s
upstream_tls: {certificate: %q, key: %q}
routes:
  - {name: faulty, path: /faulty/*, stage: coalesce, percent: 25, share: everything, interval: 200ms, min_interval: 100ms, actor_cookie: user, check: 10}
  - {name: public, path: /public/*, stage: coalesce, share: everything, interval: 200ms, min_interval: 100ms}
`

// TestAlertsFireWhileTheirCauseLasts causes what alerts are about, on a real instance
// that a real Prometheus scrapes. Their minutes and hours are seconds here.
func TestAlertsFireWhileTheirCauseLasts(t *testing.T) {
	t.Parallel()
	installed(t, "prometheus")
	u, redis, admin := newUpstream(t), redistest.Start(t), program.FreeAddress(t)
	certificate, key := filepath.Join(t.TempDir(), "certificate.pem"), filepath.Join(t.TempDir(), "key.pem")
	config := fmt.Sprintf(alerting, admin, u.server.URL, redis.Addr, certificate, key)
	at := prometheusWith(t, hurried(t), admin)

	certify(t, certificate, key, 2*24*time.Hour)
	t.Run("of an instance", func(t *testing.T) {
		p := serve(t, config)
		tr := newTraffic(t, p.front)
		tr.poll("user-0", "/public/1", 100*time.Millisecond)
		tr.suffer()
		p.eventuallyFalls()
		fire(t, at, "PollardCertificateExpiring", "PollardGuardFell")
		if n, err := series(at, `last_over_time(ALERTS{alertname=~"PollardKilled|PollardReloadRefused"}[1m])`); n != 0 || err != nil {
			t.Errorf("got %d alerts, %v, whose cause there is not", n, err)
		}
		forgets(t, redis)
		fire(t, at, "PollardRedisEvicting")
		redis.Stop()
		fire(t, at, "PollardRedisDown") // which polls find out
		tr.stop()
		p.command("rollout", "kill")
		p.configure(config + "no_such_key: 1\n")
		fire(t, at, "PollardKilled", "PollardReloadRefused")
		p.command("rollout", "revive")
		redis.Run(t)
		p.configure(config)
		over(t, at, "PollardGuardFell|PollardKilled|PollardRedisDown|PollardReloadRefused")
	})
	fire(t, at, "PollardDown") // it has stopped with the test
	certify(t, certificate, key, 365*24*time.Hour)
	serve(t, config)
	over(t, at, ".*")
}

// forgets has a Redis evict keys, for good.
func forgets(t *testing.T, redis *redistest.Server) {
	t.Helper()
	redis.Do(t, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	redis.Do(t, "CONFIG", "SET", "maxmemory", "4mb")
	filler := strings.Repeat("x", 100e3)
	for i := range 50 {
		redis.Do(t, "SET", fmt.Sprintf("filler:%d", i), filler)
	}
}

// certify writes a certificate that ends after a time, and its key.
func certify(t *testing.T, certificate, key string, ends time.Duration) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(ends)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "PRIVATE KEY", Bytes: encoded}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
