package storetest

import (
	"testing"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
)

// Secret is what the stores of a Fleet must be given, where they take one.
const Secret = "a secret of the conformance suite"

// Private are the cases about what is of one identity.
func Private() []Case {
	return []Case{
		{"what is of one identity is told to that identity, byte for byte", ownIsTold},
		{"the turn of one identity is not that of another", ownTurns},
		{"what was said before a void is not told after it", void},
		{"what was asked for before a void is not told, though it is published after it", voidAhead},
		{"a void is heard of however often it is said", voidAgain},
		{"a void concerns all documents of one identity, and nobody else's", voidOfOne},
	}
}

var alice, bob = coalescer.Identity{0xa1}, coalescer.Identity{0xb0}

// own returns the name of a document of an identity.
func own(who coalescer.Identity, document byte) (n coalescer.Name) {
	copy(n[:], who[:])
	n[16] = document
	return n
}

// ask has an instance begin, and returns the tag that it is told; else it has
// taken the turn.
func (f *Fleet) ask(t *testing.T, instance int, name coalescer.Name) (told etag.Tag, turn coalescer.Turn) {
	t.Helper()
	turn, said, err := f.Stores[instance].Begin(t.Context(), name, terms)
	if err != nil {
		t.Fatalf("instance %d: %v", instance, err)
	}
	if said != nil {
		return said.Tag, nil
	}
	return "", turn
}

// say has an instance publish a state, once it is its turn.
func (f *Fleet) say(t *testing.T, instance int, name coalescer.Name, tag etag.Tag) {
	t.Helper()
	told, turn := f.ask(t, instance, name)
	if turn == nil {
		t.Fatalf("instance %d is told %s, want the turn", instance, told)
	}
	turn.Publish(state(tag))
}

func (f *Fleet) wantTold(t *testing.T, instance int, name coalescer.Name, want etag.Tag) {
	t.Helper()
	if got, turn := f.ask(t, instance, name); turn != nil || got != want {
		t.Errorf("instance %d: told %q, want %s", instance, got, want)
	}
}

func (f *Fleet) wantTurn(t *testing.T, instance int, name coalescer.Name) {
	t.Helper()
	got, turn := f.ask(t, instance, name)
	if turn == nil {
		t.Errorf("instance %d: told %s, want the turn", instance, got)
		return
	}
	turn.Release()
}

func ownIsTold(t *testing.T, f *Fleet) {
	want := state(`"a"`)
	want.Body = incompressible(3000)
	_, turn := f.ask(t, 0, own(alice, 1))
	turn.Publish(want)
	_, got, err := f.Stores[1].Begin(t.Context(), own(alice, 1), terms)
	if got == nil || got.Tag != want.Tag || string(got.Body) != string(want.Body) || got.Header.Get("Content-Type") != "text/plain" {
		t.Fatalf("got %+v, error %v, want what was published", got, err)
	}
	if older := want.Proven.Sub(got.Proven); older < 0 || older > slack {
		t.Errorf("proven %v before it was, want 0 to %v", older, slack)
	}
}

func ownTurns(t *testing.T, f *Fleet) {
	_, turn := f.ask(t, 0, own(alice, 1))
	if turn == nil {
		t.Fatal("alice is told something, want the turn")
	}
	f.wantTurn(t, 1, own(bob, 1))
	f.wantTurn(t, 1, own(alice, 2))
	turn.Publish(state(`"hers"`))
	f.wantTold(t, 2, own(alice, 1), `"hers"`)
	f.wantTurn(t, 2, own(bob, 1))
}

func void(t *testing.T, f *Fleet) {
	f.say(t, 0, own(alice, 1), `"before"`)
	f.wantTold(t, 1, own(alice, 1), `"before"`)
	f.Stores[2].Void(t.Context(), alice)
	for instance := range 3 {
		f.wantTurn(t, instance, own(alice, 1))
	}
	pause(t.Context())
	f.say(t, 0, own(alice, 1), `"after"`)
	f.wantTold(t, 1, own(alice, 1), `"after"`)
}

func voidAhead(t *testing.T, f *Fleet) {
	_, turn := f.ask(t, 0, own(alice, 1))
	said := state(`"before"`)
	pause(t.Context())
	f.Stores[1].Void(t.Context(), alice)
	turn.Publish(said)
	f.wantTurn(t, 2, own(alice, 1)) // which waits until it is published
}

func voidAgain(t *testing.T, f *Fleet) {
	for range 3 {
		f.Stores[1].Void(t.Context(), alice)
		pause(t.Context())
		f.say(t, 0, own(alice, 1), `"a"`)
		f.wantTold(t, 2, own(alice, 1), `"a"`)
	}
}

func voidOfOne(t *testing.T, f *Fleet) {
	names := []coalescer.Name{own(alice, 1), own(alice, 2), own(bob, 1), {7}}
	for _, name := range names {
		f.say(t, 0, name, `"a"`)
		f.wantTold(t, 1, name, `"a"`)
	}
	pause(t.Context())
	f.Stores[1].Void(t.Context(), alice)
	f.wantTurn(t, 2, names[0])
	f.wantTurn(t, 2, names[1])
	f.wantTold(t, 2, names[2], `"a"`)
	f.wantTold(t, 2, names[3], `"a"`)
}
