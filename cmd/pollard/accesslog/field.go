package accesslog

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
)

// field is what a member of a JSON log line can tell.
type field uint8

const (
	noField field = iota
	timeField
	methodField
	hostField
	pathField // with its query, if that is logged with it
	queryField
	paramsField // Rails' parameters: an array of {"key", "value"}
	clientField
	userField
	agentField
	statusField
	bytesField
	secondsField
	millisField
	nanosField
	conditionalField
	tagField
	setCookieField
	cacheControlField
	pollIntervalField
)

// mappable are the fields that --field may name.
var mappable = map[string]field{
	"time": timeField, "method": methodField, "host": hostField, "path": pathField, "query": queryField,
	"client": clientField, "user": userField, "agent": agentField, "status": statusField, "bytes": bytesField,
	"took": secondsField, "took_ms": millisField, "took_ns": nanosField, "etag": tagField,
	"if_none_match": conditionalField,
}

// MappableFields are the names that a mapping may have on its left, sorted.
func MappableFields() []string {
	names := make([]string, 0, len(mappable))
	for name := range mappable {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// set notes a value, a string without its quotes or a word as it stands. One
// that makes no sense is as good as none.
func (r *record) set(f field, value []byte) {
	if string(value) == "null" {
		return
	}
	switch f {
	case timeField:
		r.time, _ = parseTime(value)
	case statusField:
		n, _ := digits(value)
		r.status = int(min(n, 999))
	case bytesField:
		r.bytes, _ = digits(value)
	case secondsField:
		r.took, _ = parseDuration(value, time.Second)
	case millisField:
		r.took, _ = parseDuration(value, time.Millisecond)
	case nanosField:
		r.took, _ = parseDuration(value, time.Nanosecond)
	case pollIntervalField:
		ms, _ := digits(value)
		r.pollInterval = time.Duration(min(ms, maxPollInterval)) * time.Millisecond
	default:
		r.note(f, value)
	}
}

// maxPollInterval is a day in milliseconds: more is no interval.
const maxPollInterval = 86_400_000

// note takes what any string may be.
func (r *record) note(f field, value []byte) {
	switch f {
	case methodField:
		r.method = value
	case hostField:
		r.host = value
	case pathField:
		r.target = value
	case queryField:
		r.query = value
	case clientField:
		r.client = value
	case userField:
		r.user = value
	case agentField:
		r.agent = value
	case tagField:
		r.tag = value
	case conditionalField:
		r.conditional = isNamed(value)
	case setCookieField:
		r.setsCookie = true
	case cacheControlField:
		r.noStore = r.noStore || bytes.Contains(value, []byte("no-store"))
	}
}

// A member is a name in a JSON object that tells a field, or leads to some.
type member struct {
	name    string
	field   field
	members []member
}

// find returns the member of that name, nil if nobody asked for it.
func find(members []member, name []byte) *member {
	for i := range members {
		if m := &members[i]; len(m.name) == len(name) && m.name == string(name) {
			return m
		}
	}
	return nil
}

// place adds a field under a name whose dots lead into objects, or are part of
// the name.
func place(members []member, name string, f field) []member {
	if strings.Contains(name, ".") {
		members = append(members, member{name: name, field: f})
	}
	return placeNested(members, name, f)
}

func placeNested(members []member, name string, f field) []member {
	head, rest, nested := strings.Cut(name, ".")
	i := slices.IndexFunc(members, func(m member) bool { return m.name == head })
	if i < 0 {
		i = len(members)
		members = append(members, member{name: head})
	}
	if nested {
		members[i].members = placeNested(members[i].members, rest, f)
	} else {
		members[i].field = f
	}
	return members
}

// parseMapping reads what tells the fields of JSON lines of any make, each as
// FIELD=NAME, where dots in NAME lead into objects.
func parseMapping(pairs []string) ([]member, error) {
	var members []member
	seen := make(map[field]bool)
	for _, pair := range pairs {
		name, at, ok := strings.Cut(pair, "=")
		f := mappable[name]
		if !ok || f == noField || at == "" {
			return nil, fmt.Errorf("%q is no FIELD=NAME with FIELD one of %s", pair, strings.Join(MappableFields(), ", "))
		}
		seen[f] = true
		members = place(members, at, f)
	}
	for _, name := range []string{"time", "path", "status"} {
		if !seen[mappable[name]] {
			return nil, fmt.Errorf("nothing can be learnt without the field %q", name)
		}
	}
	return members, nil
}
