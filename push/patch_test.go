package push_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/pollard-proxy/pollard/push"
)

// told is any object of pollard.v1 that brings a state.
type told struct {
	Type    string          `json:"type"`
	ETag    string          `json:"etag"`
	From    string          `json:"from"`
	Headers map[string]any  `json:"headers"`
	Body    json.RawMessage `json:"body"`
	Patch   json.RawMessage `json:"patch"`
}

func (c *client) nextTold() told {
	c.t.Helper()
	var got told
	if message := c.next(); json.Unmarshal([]byte(message), &got) != nil {
		c.t.Fatalf("got %s, want an object", message)
	}
	return got
}

// patched applies what was told to what the client has, with a library that knows
// nothing of the one that made the patch.
func (c *client) patched(has string, got told) string {
	c.t.Helper()
	if got.Type == "document" {
		return string(got.Body)
	}
	if got.From != string(tagOf(has)) {
		c.t.Fatalf("a patch from %s, the client has %s", got.From, tagOf(has))
	}
	patch, err := jsonpatch.DecodePatch(got.Patch)
	if err != nil {
		c.t.Fatalf("decoding %s: %v", got.Patch, err)
	}
	result, err := patch.Apply([]byte(has))
	if err != nil {
		c.t.Fatalf("applying %s: %v", got.Patch, err)
	}
	return string(result)
}

// list is a document of which a little changes.
func list(items ...int) string {
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"text":"the text of item %d, which goes on for a while"}`, item, item)
	}
	b.WriteString(`]}`)
	return b.String()
}

func TestWhoAsksForPatchesGetsThem(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		s.up.set(list(1, 2, 3, 4))
		c := s.connect("ann", push.Subprotocol)
		c.say(`{"type":"have","patch":true}`)
		has := c.patched("", c.nextTold())
		for _, next := range []string{
			list(1, 2, 3, 4, 5), list(0, 1, 2, 3, 4, 5), list(0, 1, 3, 4, 5), list(5, 0, 1, 3, 4),
			strings.Replace(list(5, 0, 1, 3, 4), `"id":3`, `"id":12345678901234567891`, 1),
			strings.Replace(list(5, 0, 1, 3, 4), `"id":3`, `"id":12345678901234567890`, 1), // alike, as floating point
			strings.Replace(list(5, 0, 1, 3, 4), `"id":3`, `"a/b~c":null`, 1),
			strings.ReplaceAll(list(5, 0, 1, 3, 4), `,"text"`, ` , "text"`), // spelt otherwise
		} {
			s.up.set(next)
			got := c.nextTold()
			if got.Type != "patch" {
				t.Errorf("got a %s, want a patch to %s", got.Type, next)
			}
			if has = c.patched(has, got); !jsonpatch.Equal([]byte(has), []byte(next)) || !sameNumbers(has, next) {
				t.Errorf("patched to %s, want %s", has, next)
			}
			if got.ETag != string(tagOf(next)) || got.Headers["ETag"] != got.ETag {
				t.Errorf("got etag %s, field %v; want %s", got.ETag, got.Headers["ETag"], tagOf(next))
			}
			has = next // the tag is of these bytes
		}
		c.Close()
	})
}

func sameNumbers(a, b string) bool {
	return strings.Contains(a, "1234567890123456789") == strings.Contains(b, "1234567890123456789") &&
		strings.Contains(a, "12345678901234567890") == strings.Contains(b, "12345678901234567890")
}

func TestADocumentIsSentWhereAPatchIsNoBetter(t *testing.T) {
	large := `["` + strings.Repeat("x", 1<<20) + `",%d]`
	tests := []struct{ name, from, to string }{
		{"everything differs", list(1), `{"other":"` + strings.Repeat("z", 200) + `"}`},
		{"no JSON any more", list(1, 2), "text"},
		{"no JSON before", "text", list(1, 2)},
		{"too large to be compared", fmt.Sprintf(large, 1), fmt.Sprintf(large, 2)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			play(t, push.Options{}, func(s *scene) {
				s.up.set(test.from)
				c := s.connect("ann", push.Subprotocol)
				c.say(`{"type":"have","patch":true}`)
				c.nextTold()
				s.up.set(test.to)
				if got := c.nextTold(); got.Type != "document" {
					t.Errorf("got a %s, want a document", got.Type)
				}
				c.Close()
			})
		})
	}
}

func TestPatchesBeginAtTheStateThatTheClientBrought(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		s.up.set(list(1, 2, 3))
		c := s.connect("ann", push.Subprotocol)
		c.say(`{"type":"have","etag":%q,"patch":true}`, tagOf(list(1, 2, 3)))
		plain := s.connect("ann", push.Subprotocol)
		plain.say(`{"type":"have","etag":%q}`, tagOf(list(1, 2, 3)))
		outdated := s.connect("ann", push.Subprotocol)
		outdated.say(`{"type":"have","etag":"\"old\"","patch":true}`)
		if got := outdated.nextTold(); got.Type != "document" {
			t.Errorf("who has an old state got a %s, want a document", got.Type)
		}
		s.up.set(list(1, 2, 3, 4))
		for c, want := range map[*client]string{c: "patch", plain: "document", outdated: "patch"} {
			if got := c.nextTold(); got.Type != want {
				t.Errorf("got a %s, want a %s", got.Type, want)
			}
			c.Close()
		}
	})
}

func TestPatchesLeadAlongAnyHistory(t *testing.T) {
	play(t, push.Options{}, func(s *scene) {
		random := rand.New(rand.NewPCG(3, 4))
		has := randomJSON(random, 4)
		s.up.set(has)
		c := s.connect("ann", push.Subprotocol)
		c.say(`{"type":"have","patch":true}`)
		c.nextTold()
		patches := 0
		for range 500 {
			next := randomJSON(random, 4)
			if next == has {
				continue
			}
			s.up.set(next)
			got := c.nextTold()
			if result := c.patched(has, got); !equalJSON(result, next) {
				t.Fatalf("from %s by %s to %s, want %s", has, got.Patch, result, next)
			}
			if got.Type == "patch" {
				patches++
			}
			has = next
		}
		if patches < 50 {
			t.Errorf("%d patches of 500 states, want more", patches)
		}
		c.Close()
	})
}

func equalJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	one, _ := json.Marshal(x)
	two, _ := json.Marshal(y)
	return bytes.Equal(one, two)
}

// randomJSON returns an object with few names, so that two have much in common.
func randomJSON(random *rand.Rand, depth int) string {
	var b strings.Builder
	b.WriteString(`{"constant":"` + strings.Repeat("always the same ", 40) + `","value":`)
	writeRandom(&b, random, depth)
	b.WriteByte('}')
	return b.String()
}

func writeRandom(b *strings.Builder, random *rand.Rand, depth int) {
	kind := random.IntN(6)
	if depth == 0 {
		kind %= 3
	}
	switch kind {
	case 0:
		b.WriteString([]string{"null", "true", "false", `""`, `"/~"`}[random.IntN(5)])
	case 1, 2:
		fmt.Fprint(b, random.IntN(4))
	case 3, 4:
		b.WriteByte('[')
		for i := range random.IntN(6) {
			if i > 0 {
				b.WriteByte(',')
			}
			writeRandom(b, random, depth-1)
		}
		b.WriteByte(']')
	default:
		b.WriteByte('{')
		names := []string{"a", "b", "a/b", "~0", "", "0", "-"}
		random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for i, name := range names[:random.IntN(5)] {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, "%q:", name)
			writeRandom(b, random, depth-1)
		}
		b.WriteByte('}')
	}
}
