package redisstore_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/test/redistest"
)

func TestTLSIsVerified(t *testing.T) {
	t.Parallel()
	certificate, key, trusting := selfSigned(t)
	server := redistest.StartTLS(t, certificate, key)
	heals(t, open(t, redisstore.Options{URLs: urls(t, "rediss://"+server.Addr), TLS: trusting}))
	tests := []struct{ url, want string }{
		{"rediss://" + server.Addr, "certificate signed by unknown authority"},
		{"redis://" + server.Addr, "Then write rediss://"},
	}
	for _, test := range tests {
		s := start(t, redisstore.Options{URLs: urls(t, test.url)})
		var why error
		eventually(t, func() bool { _, why = s.Mode(); return strings.Contains(text(why), test.want) }, func() string { return text(why) })
	}
}

// Who is trusted, and what is presented, is asked for each connection.
func TestTLSIsSpokenAsItIsConfiguredNow(t *testing.T) {
	t.Parallel()
	certificate, key, trusting := selfSigned(t)
	server := redistest.StartTLS(t, certificate, key)
	var now atomic.Pointer[tls.Config]
	now.Store(&tls.Config{RootCAs: x509.NewCertPool()})
	s := start(t, redisstore.Options{URLs: urls(t, "rediss://"+server.Addr), TLS: now.Load})
	var why error
	eventually(t, func() bool { _, why = s.Mode(); return strings.Contains(text(why), "unknown authority") }, func() string { return text(why) })
	now.Store(trusting())
	heals(t, s)
}

// selfSigned returns files with a certificate for the loopback and its key, and
// a configuration that trusts it.
func selfSigned(t *testing.T) (certificate, key string, trusting func() *tls.Config) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("making a key: %v", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatalf("making a certificate: %v", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatalf("encoding the key: %v", err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("reading the certificate: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return pemFile(t, "CERTIFICATE", der), pemFile(t, "PRIVATE KEY", pkcs8), func() *tls.Config { return &tls.Config{RootCAs: roots} }
}

func pemFile(t *testing.T, kind string, der []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatalf("writing: %v", err)
	}
	return file
}
