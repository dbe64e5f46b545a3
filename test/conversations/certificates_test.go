package conversations

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// An authority signs certificates for one script.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := template("authority", 1)
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &authority{certificate, key}, err
}

func template(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
	}
}

// issue returns a certificate for servers at app.test, and for clients.
func (a *authority) issue(name string, serial int64) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := template(name, serial)
	template.DNSNames = []string{"app.test"}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// write puts what a configuration may name into a folder.
func (a *authority) write(folder string) error {
	server, err := a.issue("server", 2)
	if err != nil {
		return err
	}
	other, err := a.issue("other", 3)
	if err != nil {
		return err
	}
	return errors.Join(
		writePEM(filepath.Join(folder, "ca.pem"), "CERTIFICATE", a.certificate.Raw),
		writePEM(filepath.Join(folder, "server.pem"), "CERTIFICATE", server.Certificate[0]),
		writeKey(filepath.Join(folder, "server.key"), server),
		writeKey(filepath.Join(folder, "other.key"), other),
	)
}

func writeKey(path string, c tls.Certificate) error {
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return err
	}
	return writePEM(path, "PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// trust is how clients speak TLS, with a certificate of their own if they are to.
func (a *authority) trust(withCertificate bool) (*tls.Config, error) {
	c := &tls.Config{ServerName: "app.test", RootCAs: x509.NewCertPool()}
	c.RootCAs.AddCert(a.certificate)
	if !withCertificate {
		return c, nil
	}
	own, err := a.issue("client", 4)
	c.Certificates = []tls.Certificate{own}
	return c, err
}
