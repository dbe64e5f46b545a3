package config

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// address is where a listener listens.
func address() kind[string] {
	return kind[string]{name: "address", example: `":8080"`, bounds: "port 0 to 65535", form: quoted, parse: parseAddress}
}

func parseAddress(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil || !isPort(port) {
		return "", errors.New(`is not an address; want host:port or :port with a numeric port, such as ":8080" or "127.0.0.1:9090"`)
	}
	if host != "" && !isHost(host) {
		return "", errors.New("has an impossible host; want an IP address, a host name, or nothing for every interface")
	}
	return s, nil
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && s == strconv.FormatUint(n, 10)
}

// isHost reports whether s is an IP address or made of the letters of host names.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == ""
}

// upstreamURL is a URL of a host and nothing else: a path would have to be joined
// with the request's, which is forwarded byte for byte. See forward.Upstream.
func upstreamURL() kind[*url.URL] {
	const want = `; want http or https, a host, and perhaps a port, such as "http://127.0.0.1:3000"`
	parse := func(s string) (*url.URL, error) {
		switch scheme, _, _ := strings.Cut(s, ":"); {
		case scheme == "unix":
			return parseUpstreamSocket(s)
		case strings.HasPrefix(scheme, "srv+"):
			return parseService(s)
		}
		return parseHostURL(s, want, "http", "https", "dns+http", "dns+https")
	}
	return kind[*url.URL]{name: "URL", example: `"http://127.0.0.1:3000"`, form: quoted, hidden: true, parse: parse}
}

func parseUpstreamSocket(s string) (*url.URL, error) {
	const want = `; want a path, such as "unix:/run/puma.sock"`
	u, err := url.Parse(s)
	if err != nil || u.Host != "" || u.Opaque != "" || len(u.Path) < 2 || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("has no path of a socket" + want)
	}
	return &url.URL{Scheme: "unix", OmitHost: true, Path: u.Path}, nil
}

// parseService reads the name of SRV records, which say the ports.
func parseService(s string) (*url.URL, error) {
	const want = `; want a name, such as "srv+http://_web._tcp.example.org"`
	u, err := parseHostURL(s, want, "srv+http", "srv+https")
	if err == nil && u.Port() != "" {
		return nil, errors.New("has a port, which its SRV records say" + want)
	}
	return u, err
}

// origin is what a browser sends as Origin (RFC 6454 §6.2).
func origin() kind[string] {
	const want = `; want a scheme, a host, and perhaps a port, such as "https://app.example.org"`
	parse := func(s string) (string, error) {
		u, err := parseHostURL(s, want, "http", "https")
		if err != nil {
			return "", err
		}
		return strings.ToLower(u.String()), nil
	}
	return kind[string]{name: "origin", example: `"https://app.example.org"`, form: quoted, hidden: true, parse: parse}
}

func parseHostURL(s, want string, schemes ...string) (*url.URL, error) {
	u, err := parseURL(s, want, schemes...)
	switch {
	case err != nil:
		return nil, err
	case u.User != nil:
		return nil, errors.New("holds a user name or password" + want)
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return nil, errors.New("has a path, a query or a fragment" + want)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// redisURL is where a Redis listens, or a Sentinel. What URLs mean together is
// read where they are used.
func redisURL() kind[*url.URL] {
	const want = `; want redis or rediss, perhaps a user and password, a host, and perhaps a port and a database, such as "redis://127.0.0.1:6379/0"; "redis+sentinel://host:26379/primary"; or "unix:///path"`
	parse := func(s string) (*url.URL, error) {
		if strings.HasPrefix(s, "unix://") {
			return parseSocket(s, want)
		}
		return parseURL(s, want, "redis", "rediss", "redis+sentinel", "redis+sentinels")
	}
	return kind[*url.URL]{name: "URL", example: `"redis://127.0.0.1:6379/0"`, form: quoted, hidden: true, parse: parse}
}

func parseSocket(s, want string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host != "" || u.Path == "" {
		return nil, errors.New("has no path of a socket" + want)
	}
	return u, nil
}

// parseURL reads an absolute URL with a host. Its errors are its own, because
// those of net/url repeat the URL and with it perhaps a password.
func parseURL(s, want string, schemes ...string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" {
		return nil, errors.New("is not a URL" + want)
	}
	for _, scheme := range schemes {
		if u.Scheme != scheme {
			continue
		}
		if !isHost(u.Hostname()) || strings.HasSuffix(u.Host, ":") || u.Port() != "" && (u.Port() == "0" || !isPort(u.Port())) {
			return nil, errors.New("has no host, or an impossible host or port" + want)
		}
		return u, nil
	}
	return nil, errors.New("has the wrong scheme" + want)
}

// prefix is a range of IP addresses; a bare address is a range of one.
func prefix() kind[netip.Prefix] {
	return kind[netip.Prefix]{name: "prefix", example: `"10.0.0.0/8"`, form: quoted, parse: parsePrefix}
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return p, errors.New(`is not a prefix; want an IP address, perhaps with a length, such as "10.0.0.0/8" or "::1"`)
	case p != p.Masked():
		return p, errors.New("has bits set beyond its length; want them to be zero, as in 10.0.0.0/8")
	}
	return p, nil
}
