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
	"regexp"
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
	at := prometheusWith(t, admin, hurried(t))

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

// over waits until no alert fires whose name matches.
func over(t *testing.T, prometheus, names string) {
	t.Helper()
	firing := fmt.Sprintf(`ALERTS{alertname=~%q, alertstate="firing"}`, names)
	eventually(t, func() error {
		n, err := series(prometheus, firing)
		if err == nil && n > 0 {
			err = fmt.Errorf("%d alerts fire whose cause is gone: %s", n, firing)
		}
		return err
	})
}

// fire waits until each of some alerts has fired.
func fire(t *testing.T, prometheus string, alerts ...string) {
	t.Helper()
	for _, name := range alerts {
		eventually(t, func() error {
			return there(prometheus, fmt.Sprintf(`last_over_time(ALERTS{alertname=%q, alertstate="firing"}[5m])`, name))
		})
	}
}

// What is shortened, and to what.
var (
	patiences = regexp.MustCompile(`(?m)^( +for:) \w+$`)
	windows   = regexp.MustCompile(`(\[|offset )(15m|1h)\b`)
)

// hurried returns a folder of the rules, whose alerts wait a second in place of minutes
// and look back ten in place of a quarter of an hour.
func hurried(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, file := range files(t, rulesFolder, "*.yml") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(file) == "alerts.yml" {
			content = windows.ReplaceAll(patiences.ReplaceAll(content, []byte("$1 1s")), []byte("${1}10s"))
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(file)), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
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
