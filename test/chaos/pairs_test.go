package chaos

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

// pairs are two certificates and their keys, of which one is in the files that instances serve with. Clients trust both.
type pairs struct {
	certificate, key string // paths
	trusted          *tls.Config

	pems [2][2][]byte // certificate and key of each
	next int          // to be in the files
}

func newPairs(t *testing.T) *pairs {
	folder, pool := t.TempDir(), x509.NewCertPool()
	p := &pairs{certificate: filepath.Join(folder, "tls.crt"), key: filepath.Join(folder, "tls.key"), trusted: &tls.Config{RootCAs: pool}}
	for i := range p.pems {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(1 + i)), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		}
		certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		p.pems[i] = [2][]byte{
			pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
			pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		}
		pool.AppendCertsFromPEM(p.pems[i][0])
	}
	p.rotate(t, 0)
	return p
}

// rotate writes the other pair, with a time in which the files do not belong together.
func (p *pairs) rotate(t *testing.T, length time.Duration) {
	t.Helper()
	for i, path := range []string{p.certificate, p.key} {
		if err := os.WriteFile(path, p.pems[p.next][i], 0o600); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			rest(t.Context(), length)
		}
	}
	p.next = 1 - p.next
}
