package redisstore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/test/redistest"
)

// own returns the name of a document of an identity.
func own(who, document byte) coalescer.Name { return coalescer.Name{0: who, 16: document} }

// keyed opens an instance with a secret.
func keyed(t *testing.T, server *redistest.Server, secret string) *redisstore.Store {
	t.Helper()
	return open(t, redisstore.Options{URLs: urls(t, "redis://"+server.Addr), Secret: []byte(secret)})
}

// ask begins, and returns what is told, nil with the turn.
func ask(t *testing.T, s *redisstore.Store, name coalescer.Name) (*coalescer.Said, coalescer.Turn) {
	t.Helper()
	turn, said, err := s.Begin(t.Context(), name, everLasting)
	if err != nil {
		t.Fatalf("beginning: %v", err)
	}
	return said, turn
}

// publishes has s publish a state with a body, and waits until another instance is told of it.
func publishes(t *testing.T, s, other *redisstore.Store, name coalescer.Name, tag etag.Tag) {
	t.Helper()
	said, turn := ask(t, s, name)
	if turn == nil {
		t.Fatalf("told %s, want the turn", said.Tag)
	}
	now := time.Now()
	turn.Publish(&coalescer.Said{Tag: tag, Header: map[string][]string{"X-Secret": {"field"}}, Body: []byte("secret body"), Asked: now, Proven: now})
	if said, turn := ask(t, other, name); turn != nil || said.Tag != tag {
		t.Fatalf("got %+v, want it told", said)
	}
}

// Whoever can write in Redis can give a value another name, or put an old one back.
func TestAStateThatIsSwappedOrNotOursIsAsGoodAsNone(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	a, b := keyed(t, server, "secret"), keyed(t, server, "secret")
	hers, his := own(0xa1, 1), own(0xb0, 1)
	publishes(t, a, b, hers, `"hers"`)
	publishes(t, a, b, his, `"his"`)
	if got := server.Do(t, "EXISTS", stateKey(hers), stateKey(his)); got != "2" {
		t.Fatalf("got %s of the two keys", got)
	}
	server.Do(t, "COPY", stateKey(hers), stateKey(his), "REPLACE")
	for _, s := range []*redisstore.Store{a, b} {
		said, turn := ask(t, s, his)
		if turn == nil {
			t.Fatalf("he is told %s, want the turn", said.Tag)
		}
		turn.Release()
	}
	publishes(t, b, a, his, `"his again"`)

	rotated := keyed(t, server, "another secret")
	said, turn := ask(t, rotated, hers)
	if turn == nil {
		t.Fatalf("with another secret: told %s, want the turn", said.Tag)
	}
	turn.Release()
}

// stateKey returns the key that holds the state of name.
func stateKey(name coalescer.Name) string {
	return fmt.Sprintf("pollard:{%x}:%x:s", name[:16], name[16:])
}

// An old state that is put back after a write is found out by the void, and one
// that outlives the void by its ages.
func TestAStateThatIsPutBackAfterAVoidIsAsGoodAsNone(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	a, b := keyed(t, server, "secret"), keyed(t, server, "secret")
	hers := own(0xa1, 1)
	key := stateKey(hers)
	publishes(t, a, b, hers, `"before"`)
	server.Do(t, "COPY", key, "kept")
	a.Void(t.Context(), coalescer.Identity(hers[:16]))
	_, turn := ask(t, b, hers)
	turn.Publish(&coalescer.Said{Tag: `"after"`, Asked: time.Now()})
	ask(t, a, hers)
	server.Do(t, "COPY", "kept", key, "REPLACE")
	if said, turn := ask(t, b, hers); turn == nil {
		t.Errorf("told %s, want the turn", said.Tag)
	}
}

func TestNothingOfOneIdentityCanBeReadInRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	a, b := keyed(t, server, "secret"), keyed(t, server, "secret")
	publishes(t, a, b, own(0xa1, 1), `"secret tag"`)
	a.Void(t.Context(), coalescer.Identity{0xa1})
	all := server.Do(t, "EVAL", `
local all = ''
for _, key in ipairs(redis.call('KEYS', '*')) do
  if redis.call('PTTL', key) == -1 then return key .. ' will never expire' end
  all = all .. key .. redis.call('GET', key)
end
return all`, "0")
	for _, word := range []string{"secret", "field", "body", "never expire"} {
		if strings.Contains(all, word) {
			t.Errorf("got %q in Redis: %q", word, all)
		}
	}
	if !strings.Contains(all, ":v") || !strings.Contains(all, ":s") {
		t.Errorf("got %q, want a state and a void", all)
	}
}

func TestWithoutASecretNothingOfOneIdentityIsGivenToRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s, err := redisstore.New(redisstore.Options{URLs: urls(t, "redis://"+server.Addr), Budget: budget})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	becomes(t, s, redisstore.Together)
	if turn, said, err := s.Begin(t.Context(), own(0xa1, 1), everLasting); err == nil || !strings.Contains(err.Error(), "without a secret") {
		t.Errorf("got %v, %v, error %v, want an error", turn, said, err)
	}
	if got := server.Do(t, "KEYS", "*a1*"); got != "0" {
		t.Errorf("got %s keys, want none", got)
	}
	becomes(t, s, redisstore.Together)
}
