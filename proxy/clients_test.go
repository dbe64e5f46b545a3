package proxy

import (
	"slices"
	"testing"

	"github.com/pollard-proxy/pollard/coalescer"
)

// TestPollsOfRealClientsAreCoalesced: the fields that they send, taken down
// from the wire, none of them declared by the route.
func TestPollsOfRealClientsAreCoalesced(t *testing.T) {
	for name, lines := range clients() {
		t.Run(name, func(t *testing.T) {
			if got := why(t, request("/g/p/-/issues/1/realtime_changes", lines...)); got != "" {
				t.Errorf("not coalesced because of %q", got)
			}
		})
	}
}

// TestPollsBehindRealBalancersAreCoalesced: each of the clients behind each.
func TestPollsBehindRealBalancersAreCoalesced(t *testing.T) {
	for name, added := range balancers() {
		t.Run(name, func(t *testing.T) {
			h := newKeyRig(t)[coalescer.Nothing]
			for client, lines := range clients() {
				if _, got := keyOf(h, from(balancer, request("/d", slices.Concat(lines, added)...))); got != "" {
					t.Errorf("%s: not coalesced because of %q", client, got)
				}
			}
		})
	}
}

func clients() map[string][]string {
	return map[string][]string{
		"Chromium, fetch": {
			"Accept: */*", "Accept-Encoding: gzip, deflate, br, zstd", "Accept-Language: en-US,en;q=0.9", "Connection: keep-alive",
			"Cookie: _gitlab_session=x; known_sign_in=y", `If-None-Match: W/"e"`, "Referer: https://app.test/g/p", "Dnt: 1", "Sec-Gpc: 1",
			"Sec-Fetch-Dest: empty", "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: same-origin", "User-Agent: Mozilla/5.0 Chrome/142.0.0.0",
			`Sec-Ch-Ua: "Chromium";v="142"`, "Sec-Ch-Ua-Mobile: ?0", `Sec-Ch-Ua-Platform: "Linux"`, "Priority: u=1, i",
			"Sec-Fetch-Storage-Access: active", "Upgrade-Insecure-Requests: 1",
		},
		"Chromium, navigation reloaded": {
			"Accept: text/html,application/xhtml+xml", "Cache-Control: max-age=0", "Upgrade-Insecure-Requests: 1", "Sec-Fetch-User: ?1",
			"Sec-Fetch-Site: none", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Sec-Purpose: prefetch", "Save-Data: on",
		},
		"Chromium, from another site": {
			"Accept: */*", "Origin: https://other.test", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty",
		},
		"Firefox, fetch": {
			"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Accept: application/json",
			"Accept-Language: en-US,en;q=0.5", "Accept-Encoding: gzip, deflate, br, zstd", "Referer: http://app.test/", "X-CSRF-Token: t",
			"Connection: keep-alive", "Cookie: a=b", "Sec-Fetch-Dest: empty", "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: same-origin",
			"Priority: u=4", "TE: trailers", "DNT: 1", "Sec-GPC: 1", "Alt-Used: app.test", `If-None-Match: "e"`, "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
		},
		"Safari": {
			"Accept: */*", "Sec-Fetch-Site: same-origin", "Cookie: a=b", "Sec-Fetch-Dest: empty", "Accept-Language: de-DE,de;q=0.9",
			"Sec-Fetch-Mode: cors", "User-Agent: Version/19.0 Safari/605.1.15", "Accept-Encoding: gzip, deflate, br", "Priority: u=3, i",
		},
		"axios": {
			"Accept: application/json, text/plain, */*", "X-Requested-With: XMLHttpRequest", "X-CSRF-Token: t", "X-XSRF-TOKEN: u",
			"Content-Type: application/json", `If-None-Match: W/"e"`,
		},
		"jQuery":   {"Accept: application/json, text/javascript, */*; q=0.01", "X-Requested-With: XMLHttpRequest"},
		"curl":     {"User-Agent: curl/8.14.1", "Accept: */*", "Proxy-Connection: Keep-Alive"},
		"wget":     {"User-Agent: Wget/1.25.0", "Accept: */*", "Accept-Encoding: identity", "Connection: Keep-Alive"},
		"Go":       {"User-Agent: Go-http-client/1.1", "Accept-Encoding: gzip", "Private-Token: t"},
		"requests": {"User-Agent: python-requests/2.32", "Accept-Encoding: gzip, deflate", "Accept: */*", "Connection: keep-alive", "Authorization: Basic x"},
		"Node":     {"Accept: */*", "Accept-Language: *", "Sec-Fetch-Mode: cors", "User-Agent: node", "Accept-Encoding: gzip, deflate", "Connection: keep-alive"},
		"runner":   {"User-Agent: gitlab-runner", "Job-Token: t", "Accept: application/json", "X-Request-Id: 1"},
		"traced":   {"Traceparent: 00-1-2-01", "Tracestate: x", "Baggage: a=b", "Sentry-Trace: 1-2-1", "B3: 1", "Uber-Trace-Id: 1:2:0:1"},
	}
}

func balancers() map[string][]string {
	return map[string][]string{
		"nginx":         {"X-Real-IP: 1.2.3.4", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: app.test"},
		"nginx, 1.0":    {"Connection: close", "X-Real-IP: 1.2.3.4"},
		"nginx, tunnel": {"Connection: upgrade", "X-Forwarded-For: 1.2.3.4, 5.6.7.8"},
		"ingress-nginx": {
			"X-Request-ID: r", "X-Real-IP: 1.2.3.4", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: app.test", "X-Forwarded-Port: 443",
			"X-Forwarded-Proto: https", "X-Forwarded-Scheme: https", "X-Scheme: https", "X-Original-Forwarded-For: 1.2.3.4",
		},
		"HAProxy": {"X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "Forwarded: proto=https;for=1.2.3.4"},
		"Traefik": {
			"X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: app.test", "X-Forwarded-Port: 443", "X-Forwarded-Proto: https",
			"X-Forwarded-Server: t-1", "X-Real-Ip: 1.2.3.4",
		},
		"Envoy": {
			"X-Request-Id: r", "X-Forwarded-Proto: https", "X-Envoy-External-Address: 1.2.3.4", "X-Forwarded-For: 1.2.3.4",
			"X-Envoy-Expected-Rq-Timeout-Ms: 15000", "X-Envoy-Attempt-Count: 1", "X-Envoy-Internal: true", "X-B3-Traceid: 1", "X-B3-Spanid: 2", "X-B3-Sampled: 1",
		},
		"Istio": {"X-Forwarded-Client-Cert: By=spiffe://a;Hash=b", "X-Request-Id: r", "X-Envoy-Attempt-Count: 1"},
		"ALB": {
			"X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Port: 443", "X-Amzn-Trace-Id: Root=1-2-3",
			"X-Amzn-Tls-Version: TLSv1.3", "X-Amzn-Tls-Cipher-Suite: TLS_AES_128_GCM_SHA256",
		},
		"CloudFront": {"Via: 2.0 x.cloudfront.net (CloudFront)", "X-Amz-Cf-Id: x", "X-Forwarded-For: 1.2.3.4"},
		"Cloudflare": {
			"Cf-Connecting-Ip: 1.2.3.4", "Cf-Ray: 1-FRA", `Cf-Visitor: {"scheme":"https"}`, "Cf-Ipcountry: DE",
			"Cdn-Loop: cloudflare; loops=1", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "True-Client-Ip: 1.2.3.4",
		},
		"Google":     {"Via: 1.1 google", "X-Cloud-Trace-Context: 1/2", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "Traceparent: 00-1-2-01"},
		"Heroku":     {"X-Request-Start: 1", "X-Request-Id: r", "Via: 1.1 vegur", "X-Forwarded-Port: 443"},
		"auth proxy": {"X-Forwarded-User: alice", "X-Forwarded-Email: a@app.test", "X-Forwarded-Access-Token: t", "X-Forwarded-Groups: g"},
	}
}
