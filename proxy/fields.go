package proxy

import "strings"

// class says what a request field means for sharing.
type class uint8

const (
	unknown    class = iota // could change the answer in ways that we do not know: pass
	harmless                // changes nothing, or is handled by name
	variant                 // selects the representation
	credential              // says who asks
)

// The fields that browsers, curl, Go's client and common balancers send.
// Anything else must be declared by the route, or the request passes.
var (
	harmlessFields = []string{
		// The connection, and the message.
		"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Content-Length", "Host",
		// Who asks with what, as far as it is no credential.
		"User-Agent", "Referer", "Dnt", "Priority", "Upgrade-Insecure-Requests", "From", "Save-Data",
		// Caching and preconditions: eligible.go and package etag judge them.
		"Cache-Control", "Pragma", "If-None-Match", "If-Modified-Since",
		// Cross-site request forgery tokens, which change with every page.
		"X-Csrf-Token", "X-Xsrf-Token",
		// Request and trace ids.
		"X-Request-Id", "X-Correlation-Id", "X-Amzn-Trace-Id", "X-Cloud-Trace-Context", "Request-Id",
		"Traceparent", "Tracestate", "Baggage", "B3", "X-B3-Traceid", "X-B3-Spanid", "X-B3-Parentspanid",
		"X-B3-Sampled", "X-B3-Flags", "Uber-Trace-Id", "Sentry-Trace", "X-Datadog-Trace-Id",
		"X-Datadog-Parent-Id", "X-Datadog-Sampling-Priority", "X-Datadog-Origin", "X-Datadog-Tags",
		// What balancers say of the way the request took.
		"Via", "Alt-Used", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip",
		"Cf-Ray", "Cdn-Loop", "Fastly-Client-Ip", "X-Envoy-External-Address",
		"X-Envoy-Expected-Rq-Timeout-Ms", "X-Envoy-Attempt-Count", "X-Envoy-Internal",
		"X-Forwarded-For", "X-Forwarded-By", "X-Forwarded-Server", "X-Original-Forwarded-For",
		"X-Amz-Cf-Id", "X-Amzn-Tls-Version", "X-Amzn-Tls-Cipher-Suite", "X-Request-Start",
	}
	variantFields = []string{
		"Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Cf-Ipcountry", "Cf-Visitor", "Content-Type",
		"X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Proto",
		"X-Forwarded-Scheme", "X-Forwarded-Ssl", "X-Requested-With", "X-Scheme",
	}
	credentialFields = []string{"Authorization", "Cookie", "Deploy-Token", "Job-Token", "Private-Token"}
)

// Fields returns the request fields that need no declaring, for the
// reference: those that are known to be harmless, those that select the
// representation and those that say who asks.
func Fields() (harmless, variant, credential []string) {
	return harmlessFields, variantFields, credentialFields
}

var classes = func() map[string]class {
	m := make(map[string]class)
	for c, names := range map[class][]string{harmless: harmlessFields, variant: variantFields, credential: credentialFields} {
		for _, name := range names {
			m[name] = c
		}
	}
	return m
}()

// classify returns the class of a field in canonical form, before the route
// has its say.
func classify(name string) class {
	if c, ok := classes[name]; ok {
		return c
	}
	switch {
	case name == "Origin", name == "Forwarded":
		return harmless // as far as key.go does not take them in
	case strings.HasPrefix(name, "X-Forwarded-"):
		// Authenticating proxies say by X-Forwarded-User, -Email, -Groups,
		// -Access-Token, -Client-Cert … who asks.
		return credential
	case strings.HasPrefix(name, "Sec-") && !strings.HasPrefix(name, "Sec-Websocket-"):
		return harmless // likewise Sec-Fetch-Site
	}
	return unknown
}
