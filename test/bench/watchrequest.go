//go:build linux

package main

import "fmt"

// upgradeFields is what Chromium sends with a WebSocket's handshake, apart from the fields that a request
// sets itself and from its offer of compression, which would not be the same work in both servers.
var upgradeFields = [...][2]string{
	{"Connection", "Upgrade"},
	{"Pragma", "no-cache"},
	{"Cache-Control", "no-cache"},
	{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"},
	{"Upgrade", "websocket"},
	{"Sec-WebSocket-Version", "13"},
	{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
	{"Accept-Encoding", "gzip, deflate, br, zstd"},
	{"Accept-Language", "en-GB,en;q=0.9"},
}

// eventFields is what Chromium sends for an EventSource.
var eventFields = [...][2]string{
	{"Connection", "keep-alive"},
	{"Cache-Control", "no-cache"},
	{"Accept", "text/event-stream"},
	{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"},
	{"Sec-Fetch-Site", "same-origin"},
	{"Sec-Fetch-Mode", "cors"},
	{"Sec-Fetch-Dest", "empty"},
	{"Accept-Language", "en-GB,en;q=0.9"},
}

// request opens the watch of the i-th watcher, who is somebody else than the others.
func (p watchPlan) request(i int) []byte {
	fields := upgradeFields[:]
	if p.Events {
		fields = eventFields[:]
	}
	b := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\n", p.Target, p.Addr, p.Addr)
	for _, f := range fields {
		b = fmt.Appendf(b, "%s: %s\r\n", f[0], f[1])
	}
	return fmt.Appendf(b, "Cookie: _session=%032x\r\n\r\n", i)
}
