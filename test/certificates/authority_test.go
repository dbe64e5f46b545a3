package certificates

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
	"testing"
	"time"
)

// An authority signs the certificates of a test.
type authority struct {
	t           *testing.T
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	issued      int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t), issued: 1}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.certificate = a.sign(template, template, a.key)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return certificate
}

// A pair is a certificate for servers and clients on the loopback, and its key.
type pair struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

func (a *authority) issue(good time.Duration) pair {
	a.issued++
	key := newKey(a.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.issued), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(good).Truncate(time.Second),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	return pair{a.sign(template, a.certificate, key), key}
}

func (p pair) tls() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{p.Raw}, PrivateKey: p.key}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// A secret is a folder as Kubernetes mounts one: names lead through the link ..data
// into the newest version, and the link is replaced as a whole.
type secret struct {
	t       *testing.T
	folder  string
	version string // the newest
}

// newSecret makes a folder with tls.crt and tls.key.
func newSecret(t *testing.T, p pair) *secret {
	t.Helper()
	s := &secret{t: t, folder: t.TempDir()}
	s.swap(p)
	for _, name := range []string{"tls.crt", "tls.key"} {
		s.must(os.Symlink(filepath.Join("..data", name), s.path(name)))
	}
	return s
}

func (s *secret) path(name string) string { return filepath.Join(s.folder, name) }

// swap puts another pair in the place of the one that is there, in one step.
func (s *secret) swap(p pair) {
	s.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	s.must(err)
	old := s.version
	s.version = "..version" + p.SerialNumber.String()
	s.must(os.Mkdir(s.path(s.version), 0o700))
	s.write(filepath.Join(s.version, "tls.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Raw}))
	s.write(filepath.Join(s.version, "tls.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	s.must(os.Symlink(s.version, s.path("..data_new")))
	s.must(os.Rename(s.path("..data_new"), s.path("..data")))
	if old != "" {
		s.must(os.RemoveAll(s.path(old)))
	}
}

func (s *secret) write(name string, content []byte) {
	s.t.Helper()
	s.must(os.WriteFile(s.path(name), content, 0o600))
}

func (s *secret) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}
