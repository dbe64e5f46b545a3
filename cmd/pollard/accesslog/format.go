package accesslog

import (
	"fmt"
	"slices"
	"strings"
)

// A Format is a way in which servers write access logs.
type Format struct {
	Name string
	Who  string // writes it, or what it is

	newParser func() parser
}

// formats are what can be detected, in the order of trying. GitLab's comes
// last, since its names are common.
var formats = []Format{
	{"combined", "nginx, Apache and Traefik by default: common and combined log format", func() parser { return combined{} }},
	{"caddy", "Caddy's JSON", func() parser { return &jsonLines{members: caddyMembers(), ends: true} }},
	{"traefik", "Traefik's JSON", func() parser { return &jsonLines{members: traefikMembers()} }},
	{"gitlab", "GitLab's production_json.log and api_json.log", func() parser { return &jsonLines{members: gitlabMembers()} }},
}

// FormatNames are the formats that need no mapping.
func FormatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.Name)
	}
	return append(names, "common")
}

// FormatNamed finds a format.
func FormatNamed(name string) (Format, error) {
	if name == "common" {
		name = "combined"
	}
	for _, f := range formats {
		if f.Name == name {
			return f, nil
		}
	}
	return Format{}, fmt.Errorf("there is no format %q: it is one of %s, or json with fields", name, strings.Join(FormatNames(), ", "))
}

// Mapped is a format of JSON lines whose fields are told as FIELD=NAME; dots in
// NAME lead into objects. It needs time, path and status. Where it tells no
// method, each line is a GET.
func Mapped(pairs []string) (Format, error) {
	members, err := parseMapping(pairs)
	if err != nil {
		return Format{}, err
	}
	var method []byte
	if !slices.ContainsFunc(pairs, func(p string) bool { return strings.HasPrefix(p, "method=") }) {
		method = []byte("GET")
	}
	return Format{"json", "JSON lines, by the fields given", func() parser {
		return &jsonLines{members: members, method: method}
	}}, nil
}

// caddyMembers are Caddy's names. Its time is that of the answer, and
// client_ip, where it is there, that of trusted_proxies.
func caddyMembers() []member {
	return []member{
		{name: "ts", field: timeField}, {name: "duration", field: secondsField},
		{name: "size", field: bytesField}, {name: "status", field: statusField}, {name: "user_id", field: userField},
		{name: "request", members: []member{
			{name: "remote_ip", field: clientField}, {name: "client_ip", field: clientField},
			{name: "method", field: methodField}, {name: "host", field: hostField}, {name: "uri", field: pathField},
			{name: "headers", members: []member{
				{name: "User-Agent", field: agentField},
				{name: "If-None-Match", field: conditionalField}, {name: "If-Modified-Since", field: conditionalField},
			}},
		}},
		{name: "resp_headers", members: []member{
			{name: "Etag", field: tagField}, {name: "Set-Cookie", field: setCookieField},
			{name: "Cache-Control", field: cacheControlField}, {name: "Poll-Interval", field: pollIntervalField},
		}},
	}
}

// traefikMembers are Traefik's names; those of header fields are there where
// accessLog.fields.headers keeps them.
func traefikMembers() []member {
	return []member{
		{name: "StartUTC", field: timeField}, {name: "Duration", field: nanosField},
		{name: "RequestMethod", field: methodField}, {name: "RequestHost", field: hostField}, {name: "RequestPath", field: pathField},
		{name: "DownstreamStatus", field: statusField}, {name: "DownstreamContentSize", field: bytesField},
		{name: "ClientHost", field: clientField}, {name: "ClientUsername", field: userField},
		{name: "request_User-Agent", field: agentField},
		{name: "request_If-None-Match", field: conditionalField}, {name: "request_If-Modified-Since", field: conditionalField},
		{name: "downstream_Etag", field: tagField}, {name: "downstream_Set-Cookie", field: setCookieField},
		{name: "downstream_Cache-Control", field: cacheControlField}, {name: "downstream_Poll-Interval", field: pollIntervalField},
	}
}

// gitlabMembers are GitLab's names. Its user is left out on purpose: polls that
// its ETag cache answers with 304 are logged before anybody has signed in, so a
// viewer would be two. They lack the browser too; the address is in all lines.
func gitlabMembers() []member {
	return []member{
		{name: "time", field: timeField}, {name: "duration_s", field: secondsField},
		{name: "method", field: methodField}, {name: "host", field: hostField}, {name: "path", field: pathField},
		{name: "params", field: paramsField}, {name: "status", field: statusField},
		{name: "meta.remote_ip", field: clientField}, {name: "remote_ip", field: clientField},
	}
}
