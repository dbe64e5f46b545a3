package config

import (
	"slices"
	"strings"

	"github.com/pollard-proxy/pollard/proxy"
)

// class is what package proxy makes of a request header by itself.
type class int

const (
	undeclared class = iota // passes, unless a route declares it
	harmless
	variant
	credential
)

// classOf errs on the side of credential: what a route may ignore is decided
// here, and ignoring a credential gives one user another's answers.
func classOf(name string) class {
	known, variants, credentials := proxy.Fields()
	switch {
	case slices.Contains(credentials, name), slices.Contains(likeCredentials(), name):
		return credential
	case slices.Contains(variants, name), name == "Host", name == "Origin":
		return variant
	case slices.Contains(known, name):
		return harmless
	case strings.HasPrefix(name, "X-Forwarded-"):
		return credential // X-Forwarded-User and its like, by which another proxy says who asks
	}
	return undeclared
}

// likeCredentials returns headers that are called as credentials often are.
// No route can have a reason to ignore one of them.
func likeCredentials() []string {
	return []string{"Proxy-Authorization", "X-Api-Key", "X-Auth-Token", "X-Access-Token"}
}
