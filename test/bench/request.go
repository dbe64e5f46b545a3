//go:build linux

package main

import "fmt"

// currentTag is the entity tag of everything that the upstream serves. It never changes: these scenarios
// measure polls that find nothing new. It is weak, as the ones that Rack::ETag makes.
const currentTag = `W/"9c1b7f0e5d2a48638f3c6a7e10b4d952"`

// sessionCookie is the one identity of the scenarios that have one.
const sessionCookie = "_session=5f0c2b9e7a414d3f8b6e1d0c9a7b5e33; sidebar_collapsed=false"

// browserFields is what Chromium sends with a polling page's fetch, in its order, apart from the fields
// that a request sets itself. Real polls carry about half a kilobyte of them, and they have to be parsed.
var browserFields = [...][2]string{
	{"Connection", "keep-alive"},
	{"sec-ch-ua-platform", `"Linux"`},
	{"X-CSRF-Token", "q0Zk7jYx1mJ8cVvN3pT5rWbLdHsGfAeUoIyQwErTyUiOp"},
	{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"},
	{"Accept", "application/json, text/plain, */*"},
	{"sec-ch-ua", `"Chromium";v="142", "Not_A Brand";v="99"`},
	{"X-Requested-With", "XMLHttpRequest"},
	{"sec-ch-ua-mobile", "?0"},
	{"Sec-Fetch-Site", "same-origin"},
	{"Sec-Fetch-Mode", "cors"},
	{"Sec-Fetch-Dest", "empty"},
	{"Referer", "http://gitlab.example/group/project/-/issues/1"},
	{"Accept-Encoding", "gzip, deflate, br, zstd"},
	{"Accept-Language", "en-GB,en;q=0.9"},
}

// request is one poll, sent over and over.
type request struct {
	Target        string
	Tag           string // If-None-Match; empty: none
	Cookie        string // empty: none
	Authorization string // empty: none
}

// bytes is the request as it goes on the wire, with every field that a browser sends.
func (r request) bytes(host string) []byte {
	b := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n", r.Target, host)
	for _, f := range browserFields {
		b = fmt.Appendf(b, "%s: %s\r\n", f[0], f[1])
	}
	for _, f := range [...][2]string{{"Cookie", r.Cookie}, {"Authorization", r.Authorization}, {"If-None-Match", r.Tag}} {
		if f[1] != "" {
			b = fmt.Appendf(b, "%s: %s\r\n", f[0], f[1])
		}
	}
	return append(b, "\r\n"...)
}
