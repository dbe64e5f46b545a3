package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// ServerConfig reads the files that t names and returns what the front door
// needs, or nil while TLS is off. The protocols to negotiate are left to the
// caller.
func (t *TLS) ServerConfig() (*tls.Config, error) {
	if t.Certificate == "" {
		return nil, nil
	}
	pair, err := readPair(t.Certificate, t.Key)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: t.MinVersion}
	if t.ClientCA == "" {
		return c, nil
	}
	c.ClientAuth = tls.RequireAndVerifyClientCert
	c.ClientCAs, err = readAuthorities("client_ca", t.ClientCA)
	return c, err
}

// ClientConfig reads the files that t names and returns what an https upstream
// is spoken to with.
func (t *UpstreamTLS) ClientConfig() (*tls.Config, error) {
	c := &tls.Config{ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if t.Certificate != "" {
		pair, err := readPair(t.Certificate, t.Key)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if t.CA == "" {
		return c, nil
	}
	var err error
	c.RootCAs, err = readAuthorities("ca", t.CA)
	return c, err
}

// fileError is what is wrong with a file, and the key of a section that names it.
type fileError struct {
	key string
	err error
}

func (e *fileError) Error() string { return e.key + ": " + e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// readPair reads a certificate and its key. X509KeyPair checks that they belong
// together. The error is a *fileError.
func readPair(certificate, key string) (tls.Certificate, error) {
	chain, err := os.ReadFile(certificate)
	if err != nil {
		return tls.Certificate{}, &fileError{"certificate", err}
	}
	if !x509.NewCertPool().AppendCertsFromPEM(chain) {
		return tls.Certificate{}, &fileError{"certificate", fmt.Errorf("%s holds no certificate in PEM", certificate)}
	}
	private, err := os.ReadFile(key)
	if err != nil {
		return tls.Certificate{}, &fileError{"key", err}
	}
	pair, err := tls.X509KeyPair(chain, private)
	if err != nil {
		return tls.Certificate{}, &fileError{"key", fmt.Errorf("%s does not go with %s: %w", key, certificate, err)}
	}
	return pair, nil
}

// readAuthorities reads the certificates of authorities; key is the key that
// names the file. The error is a *fileError.
func readAuthorities(key, path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &fileError{key, err}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, &fileError{key, errors.New(path + " holds no certificate in PEM")}
	}
	return pool, nil
}
