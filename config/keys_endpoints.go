package config

import (
	"errors"
	"net"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/proxy/forward"
)

func endpointKeys(o *forward.EndpointOptions) []key {
	return []key{
		{name: "resolve", to: scalar(&o.Resolve, duration(100*time.Millisecond, day)), def: "10s",
			doc: "Between two look-ups of a name after dns+ or srv+. One that fails leaves what the last one found. Connections to an address that has gone are not used again."},
		{name: "resolver", to: scalar(&o.Resolver, server()), otherwise: "the system's", example: `"127.0.0.1:53"`,
			doc: "The DNS server that is asked for these names."},
		{name: "max_age", to: scalar(&o.MaxAge, duration(0, 30*day)), def: "5m",
			doc: "How old a connection may become, up to a tenth less, before the next request goes out on another, so that what names and balancers say takes hold; 0 is any age."},
		{name: "eject", to: scalar(&o.Eject, duration(0, day)), def: "30s",
			doc: "The longest that an endpoint is left alone after connections that it refused or broke without an answer: 1s at first, doubled by each in a row. One that closes its connections is left alone likewise, until it answers on one that it keeps. 0 is never; where all are in disgrace all are asked."},
		{name: "eject_unavailable", to: scalar(&o.EjectUnavailable, boolean()), def: "false",
			doc: "Answers with 502, and with 503 and Retry-After, count as failures too. They reach the client."},
		{name: "check_path", to: scalar(&o.Check.Path, target()), otherwise: "no checks",
			doc: "Every endpoint is asked for this with a GET of its own, which counts as probe of the route other; a status below 400 is good."},
		{name: "check_interval", to: scalar(&o.Check.Interval, duration(10*time.Millisecond, day)), def: "5s",
			doc: "Between two checks of one endpoint."},
		{name: "check_timeout", to: scalar(&o.Check.Timeout, duration(time.Millisecond, time.Hour)), def: "2s",
			doc: "For the answer to a check."},
		{name: "check_rise", to: scalar(&o.Check.Rise, count(1, 1000)), def: "2",
			doc: "Good checks in a row after which an endpoint that failed is asked again."},
		{name: "check_fall", to: scalar(&o.Check.Fall, count(1, 1000)), def: "3",
			doc: "Bad checks in a row after which an endpoint is left alone."},
	}
}

// server is what is connected to.
func server() kind[string] {
	parse := func(s string) (string, error) {
		host, port, err := net.SplitHostPort(s)
		if err != nil || !isHost(host) || port == "0" || !isPort(port) {
			return "", errors.New(`is not the address of a server; want host:port, such as "127.0.0.1:53"`)
		}
		return s, nil
	}
	return kind[string]{name: "address", example: `"127.0.0.1:53"`, form: quoted, parse: parse}
}

// target is a path, perhaps with a query.
func target() kind[string] {
	parse := func(s string) (string, error) {
		if !strings.HasPrefix(s, "/") || strings.Contains(s, " ") {
			return "", errors.New(`is not a path; want one, perhaps with a query, such as "/health"`)
		}
		return line(s)
	}
	return kind[string]{name: "path", example: `"/health"`, form: quoted, parse: parse}
}
