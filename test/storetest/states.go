package storetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// States are the cases about what the others are told.
func States() []Case {
	return []Case{
		{"what is told is what was published, byte for byte", whole},
		{"ages survive the way, and nothing gets younger", ages},
		{"a tag alone is told as a tag alone", bare},
		{"a body without a byte is a body", empty},
		{"what is beyond its use is not told", beyondKeep},
		{"a paused instance never overwrites what its successor published", fenced},
		{"a paused instance may still publish before its successor does", firstOfTwo},
		{"an answer that is older than its use is not published", tooOld},
	}
}

func whole(t *testing.T, f *Fleet) {
	want := state(`W/"a, \x00 b"`)
	want.Header = map[string][]string{"Vary": {"Accept", "Accept-Language"}, "X-Empty": {""}, "Poll-Interval": {"3000"}}
	want.Body = append(incompressible(3000), make([]byte, 100_000)...)
	f.take(t, 0, terms).Publish(want)
	got := f.told(t, 1, terms)
	if got.Tag != want.Tag {
		t.Errorf("got tag %s, want %s", got.Tag, want.Tag)
	}
	if !reflect.DeepEqual(got.Header, want.Header) {
		t.Errorf("got header %v, want %v", got.Header, want.Header)
	}
	if string(got.Body) != string(want.Body) {
		t.Errorf("got another body, of %d bytes, want one of %d", len(got.Body), len(want.Body))
	}
}

// slack is how much older than it is a store may make a state: the time of a
// few commands.
const slack = time.Minute

func ages(t *testing.T, f *Fleet) {
	turn := f.take(t, 0, terms)
	want := state(`"a"`)
	want.Proven = want.Asked.Add(-10 * time.Minute)
	turn.Publish(want)
	got := f.told(t, 1, terms)
	for what, times := range map[string][2]time.Time{"asked": {got.Asked, want.Asked}, "proven": {got.Proven, want.Proven}} {
		if older := times[1].Sub(times[0]); older < 0 || older > slack {
			t.Errorf("%s: got a time %v before the one published, want 0 to %v", what, older, slack)
		}
	}
}

func bare(t *testing.T, f *Fleet) {
	f.take(t, 0, terms).Publish(&coalescer.Said{Tag: `"a"`, Asked: time.Now()})
	if got := f.told(t, 1, terms); got.Tag != `"a"` || got.Header != nil || got.Body != nil || !got.Proven.IsZero() {
		t.Errorf("got %+v, want the tag and when it was asked for, and nothing else", got)
	}
}

func empty(t *testing.T, f *Fleet) {
	want := state(`"a"`)
	want.Header, want.Body = map[string][]string{}, nil
	f.take(t, 0, terms).Publish(want)
	if got := f.told(t, 1, terms); got.Header == nil || len(got.Header) != 0 || len(got.Body) != 0 || got.Proven.IsZero() {
		t.Errorf("got %+v, want an empty header and no byte of a body, proven", got)
	}
}

func beyondKeep(t *testing.T, f *Fleet) {
	brieflyKept := terms
	brieflyKept.Keep = brief
	f.take(t, 0, brieflyKept).Publish(state(`"a"`))
	f.eventually(t, 1, terms)
}

// overtaken returns the turn of an instance that was not heard of for too long,
// and the turn of its successor.
func (f *Fleet) overtaken(t *testing.T) (paused, successor coalescer.Turn) {
	t.Helper()
	short := terms
	short.Lease = brief
	paused = f.take(t, 0, short)
	return paused, f.eventually(t, 1, terms)
}

func fenced(t *testing.T, f *Fleet) {
	paused, successor := f.overtaken(t)
	successor.Publish(state(`"new"`))
	f.becomes(t, 2, `"new"`)
	paused.Publish(state(`"old"`))
	f.Leave(0)
	if got := f.told(t, 1, terms).Tag; got != `"new"` {
		t.Errorf("got %s, want \"new\"", got)
	}
}

func firstOfTwo(t *testing.T, f *Fleet) {
	paused, successor := f.overtaken(t)
	paused.Publish(state(`"old"`))
	f.becomes(t, 2, `"old"`)
	successor.Publish(state(`"new"`))
	f.becomes(t, 2, `"new"`)
}

func tooOld(t *testing.T, f *Fleet) {
	short := terms
	short.Keep = time.Minute
	turn := f.take(t, 0, short)
	said := state(`"a"`)
	said.Asked = said.Asked.Add(-2 * time.Minute)
	turn.Publish(said)
	f.Leave(0)
	f.take(t, 1, terms)
}
