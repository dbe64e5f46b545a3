package config

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/pollard-proxy/pollard/proxy/certificates"
)

// What certificates are for: the roles of Certificates.Ends.
const (
	RoleServer         = "server"          // the front door's
	RoleClientCA       = "client_ca"       // whose clients are let in
	RoleUpstreamClient = "upstream_client" // presented to upstream
	RoleUpstreamCA     = "upstream_ca"     // whose upstream is believed
	RoleRedisClient    = "redis_client"    // presented to Redis
	RoleRedisCA        = "redis_ca"        // whose Redis is believed
)

// Certificates are what was in the files that a configuration names, at one
// moment.
type Certificates struct {
	Server   Terms // at the front door. TLS is nil while it is off; the protocols to negotiate are left to whoever serves
	Upstream Terms // towards an https upstream
	Redis    Terms // towards Redis over TLS

	// Ends is when each role's certificate ends, or the first of its chain. Of
	// authorities it is the first to end of those that have not; a bundle may
	// well keep one that has beside its successor.
	Ends map[string]time.Time

	// Files are those that were read, or should have been.
	Files Files
}

// Terms are how TLS is spoken on one side.
type Terms struct {
	TLS *tls.Config
	sum hash // of all that they were made of
}

// Same reports whether both were made of the same settings and content.
func (t Terms) Same(other Terms) bool { return t.sum == other.sum }

// Certificates returns what is in the files that c names. They are read by the
// first call; every further one returns the same, so that what was verified is
// what is used. The error is [Problems], all of them; then Files is still right.
func (c *Config) Certificates() (*Certificates, error) {
	if c.certificates == nil {
		r := reading{source: c.source, into: &Certificates{Ends: map[string]time.Time{}, Files: Files{}}}
		r.into.Server = r.server(&c.TLS)
		r.into.Upstream = r.client(&c.UpstreamTLS.ClientTLS, clientNames{"upstream_tls", RoleUpstreamClient, RoleUpstreamCA})
		r.into.Redis = r.client(&c.RedisTLS, clientNames{"redis_tls", RoleRedisClient, RoleRedisCA})
		c.certificates, c.unread = r.into, r.problems
	}
	return c.certificates, c.unread.Err()
}

// A reading gathers certificates, and what is wrong with them.
type reading struct {
	source   source
	into     *Certificates
	problems Problems
}

func (r *reading) server(t *TLS) Terms {
	if t.Certificate == "" {
		return Terms{}
	}
	s := r.side("tls")
	c := &tls.Config{MinVersion: t.MinVersion, Certificates: s.pair(RoleServer, t.Certificate, t.Key)}
	if t.ClientCA != "" {
		c.ClientAuth = tls.RequireAndVerifyClientCert
		c.ClientCAs = s.authorities(RoleClientCA, "client_ca", t.ClientCA)
	}
	return s.terms(c, fmt.Sprint(t.MinVersion, t.ClientCA != ""))
}

// clientNames are the words for one place where TLS is spoken as a client.
type clientNames struct{ section, client, ca string }

func (r *reading) client(t *ClientTLS, as clientNames) Terms {
	s := r.side(as.section)
	c := &tls.Config{ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if t.Certificate != "" {
		c.Certificates = s.pair(as.client, t.Certificate, t.Key)
	}
	if t.CA != "" {
		c.RootCAs = s.authorities(as.ca, "ca", t.CA)
	}
	return s.terms(c, t.ServerName)
}

func (r *reading) side(section string) *side { return &side{reading: r, section: section} }

// A side is one section's part of a reading.
type side struct {
	*reading
	section string
	content []byte // of all files: their hashes
}

func (s *side) terms(c *tls.Config, settings string) Terms {
	return Terms{c, sha256.Sum256(append(s.content, settings...))}
}

// pair reads a certificate and its key, and checks that they belong together.
func (s *side) pair(role, certificate, key string) []tls.Certificate {
	chain, isThere := s.file("certificate", certificate)
	private, hasKey := s.file("key", key)
	switch {
	case !isThere || !hasKey:
		return nil
	case len(parsePEM(chain)) == 0:
		s.wrong("certificate", errors.New(certificate+" holds no certificate in PEM"))
		return nil
	}
	pair, err := tls.X509KeyPair(chain, private)
	if err != nil {
		s.wrong("key", fmt.Errorf("%s does not go with %s: %w", key, certificate, err))
		return nil
	}
	pairs := []tls.Certificate{pair}
	s.into.Ends[role] = certificates.End(&tls.Config{Certificates: pairs})
	return pairs
}

// authorities reads the certificates of authorities; key is the key that names
// the file.
func (s *side) authorities(role, key, path string) *x509.CertPool {
	data, isThere := s.file(key, path)
	if !isThere {
		return nil
	}
	all := parsePEM(data)
	if len(all) == 0 {
		s.wrong(key, errors.New(path+" holds no certificate in PEM"))
		return nil
	}
	pool, now := x509.NewCertPool(), time.Now()
	var ends time.Time
	for _, c := range all {
		pool.AddCert(c)
		if ends.IsZero() || sooner(now, c.NotAfter, ends) {
			ends = c.NotAfter
		}
	}
	s.into.Ends[role] = ends
	return pool
}

// sooner reports whether a is the next of two ends; what is over comes last.
func sooner(now, a, b time.Time) bool {
	if a.After(now) != b.After(now) {
		return a.After(now)
	}
	return a.Before(b) == a.After(now)
}

// parsePEM returns the certificates in data, as x509.CertPool finds them: what
// is none is skipped.
func parsePEM(data []byte) (all []*x509.Certificate) {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return all
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			all = append(all, c)
		}
	}
}

// file reads a file that key names.
func (s *side) file(key, path string) (data []byte, isThere bool) {
	data, err := s.into.Files.read(path)
	if err != nil {
		s.wrong(key, err)
		return nil, false
	}
	sum := s.into.Files[path]
	s.content = append(s.content, sum[:]...)
	return data, true
}

func (s *side) wrong(key string, err error) {
	s.problems = append(s.problems, s.source.problem(s.section+"."+key, "%v", err))
}
