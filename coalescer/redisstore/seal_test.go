package redisstore

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func newTestSealer(t testing.TB, secret, prefix string) *sealer {
	t.Helper()
	s, err := newSealer(Options{Secret: []byte(secret), Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hers is the name of a document of somebody.
var hers = coalescer.Name{0: 0xa1, 16: 1}

func sealed(s *sealer) []byte {
	r := look()
	said := &coalescer.Said{Tag: `"tag"`, Header: http.Header{"X-Name": {"alice"}}, Body: []byte("alice's body"), Asked: r.after, Proven: r.after}
	return newEncoder(1<<20, s).encode(&turn{name: hers, token: 7, keep: time.Hour, granted: r}, said, false)
}

func TestWhatIsOfOneIdentityIsReadByWhoHasTheSecretAlone(t *testing.T) {
	s := newTestSealer(t, "the secret", "pollard:")
	value := sealed(s)
	said, err := s.decode(hers, string(value), look())
	if err != nil || said.Tag != `"tag"` || string(said.Body) != "alice's body" || said.Header.Get("X-Name") != "alice" {
		t.Fatalf("got %+v, error %v, want what was sealed", said, err)
	}
	his, another := hers, hers
	his[0]++
	another[16]++
	foreign := map[string]struct {
		sealer *sealer
		name   coalescer.Name
	}{
		"another secret":              {newTestSealer(t, "the secreT", "pollard:"), hers},
		"another fleet":               {newTestSealer(t, "the secret", "pollard:test:"), hers},
		"another identity":            {s, his},
		"another document":            {s, another},
		"what is nobody's":            {s, coalescer.Name{1}},
		"no secret":                   {&sealer{}, hers},
		"no secret, what is nobody's": {&sealer{}, coalescer.Name{1}},
	}
	for name, who := range foreign {
		if said, err := who.sealer.decode(who.name, string(value), look()); err == nil {
			t.Errorf("%s: got %+v, want an error", name, said)
		}
	}
}

// The ages are in the head, which is not secret: whoever changes them is found out.
func TestWhatIsOfOneIdentityIsChangedByNobody(t *testing.T) {
	s := newTestSealer(t, "the secret", "pollard:")
	value := sealed(s)
	for i := range value {
		forged := bytes.Clone(value)
		forged[i] ^= 0x10
		if said, err := s.decode(hers, string(forged), look()); err == nil {
			t.Errorf("byte %d of %d changed: got %+v, want an error", i, len(value), said)
		}
		if said, err := s.decode(hers, string(value[:i]), look()); err == nil {
			t.Errorf("cut after %d of %d bytes: got %+v, want an error", i, len(value), said)
		}
	}
	plain := newEncoder(1<<20, s).encode(&turn{token: 7, keep: time.Hour, granted: look()}, &coalescer.Said{Tag: `"forged"`, Asked: look().after}, false)
	if said, err := s.decode(hers, string(plain), look()); !errors.Is(err, errSealed) {
		t.Errorf("a state that is not sealed: got %+v, error %v, want %v", said, err, errSealed)
	}
}

func TestWhatIsOfOneIdentityLooksDifferentEachTimeAndTellsNothingButItsLength(t *testing.T) {
	s := newTestSealer(t, "the secret", "pollard:")
	first, second := sealed(s), sealed(s)
	if bytes.Equal(first[headBytes:], second[headBytes:]) {
		t.Error("two states look the same, want a nonce of their own")
	}
	h, _, _ := parseHead(string(first))
	if h.sum != [8]byte{} {
		t.Errorf("got the hash %x of the tag in the head, want none", h.sum)
	}
	for _, word := range []string{"tag", "alice", "body"} {
		if bytes.Contains(first, []byte(word)) {
			t.Errorf("got %q in Redis", word)
		}
	}
}
