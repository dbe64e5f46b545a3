package forward

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// A source is one URL of an upstream.
type source struct {
	url  *url.URL
	how  string      // dns or srv: a name whose addresses are endpoints; else ""
	host string      // for requests without a Host
	port string      // "" for srv
	tls  *tls.Config // nil: cleartext
}

func newSource(at *url.URL, base *tls.Config) *source {
	s := &source{url: at, host: at.Host}
	how, scheme, isName := strings.Cut(at.Scheme, "+")
	if isName {
		s.how = how
	} else {
		scheme = at.Scheme
	}
	name := at.Hostname()
	switch {
	case at.Scheme == "unix":
		s.host = "localhost"
	case s.how == "srv":
		name = served(name)
		s.host = name
	default:
		s.port = port(at, scheme)
	}
	if scheme == "https" {
		s.tls = clientTLS(base, name)
	}
	return s
}

func port(u *url.URL, scheme string) string {
	if scheme == "https" {
		return cmp.Or(u.Port(), "443")
	}
	return cmp.Or(u.Port(), "80")
}

// served returns the domain that an SRV name is of: what its certificate names.
func served(name string) string {
	for strings.HasPrefix(name, "_") {
		_, rest, found := strings.Cut(name, ".")
		if !found {
			break
		}
		name = rest
	}
	return name
}

func (s *source) isName() bool { return s.how != "" }

// stated is what needs no look-up.
func (s *source) stated() []place {
	switch {
	case s.isName():
		return nil
	case s.url.Scheme == "unix":
		return []place{{network: "unix", address: s.url.Path}}
	}
	return []place{{network: "tcp", address: net.JoinHostPort(s.url.Hostname(), s.port)}}
}

// look returns every place behind the name, at least one.
func (s *source) look(ctx context.Context, r *net.Resolver) ([]place, error) {
	if s.how == "srv" {
		return lookService(ctx, r, s.url.Hostname())
	}
	return lookHost(ctx, r, s.url.Hostname(), s.port)
}

func lookHost(ctx context.Context, r *net.Resolver, host, port string) ([]place, error) {
	addrs, err := r.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", host, err)
	}
	var places []place
	for _, a := range addrs {
		places = append(places, place{network: "tcp", address: net.JoinHostPort(a.Unmap().String(), port)})
	}
	return places, nil
}

// lookService leaves out targets that cannot be looked up, unless that is all of them.
func lookService(ctx context.Context, r *net.Resolver, name string) ([]place, error) {
	_, records, err := r.LookupSRV(ctx, "", "", name)
	if err != nil {
		return nil, fmt.Errorf("look up the services of %s: %w", name, err)
	}
	var places []place
	for _, record := range records {
		found, failed := lookHost(ctx, r, strings.TrimSuffix(record.Target, "."), strconv.Itoa(int(record.Port)))
		err = cmp.Or(err, failed)
		for _, p := range found {
			p.priority = record.Priority
			places = append(places, p)
		}
	}
	if len(places) > 0 {
		return places, nil
	}
	return nil, cmp.Or(err, fmt.Errorf("look up the services of %s: there are none", name))
}

// resolver asks the server at an address, or the system's.
func resolver(address string) *net.Resolver {
	if address == "" {
		return net.DefaultResolver
	}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return &net.Resolver{PreferGo: true, Dial: dial}
}
