package freeport

import (
	"net"
	"testing"
)

func TestNobodyElseIsGivenAnAddress(t *testing.T) {
	given := map[string]bool{}
	for range 200 {
		address, err := Address()
		if err != nil {
			t.Fatal(err)
		}
		if given[address] {
			t.Errorf("got %s twice", address)
		}
		given[address] = true
	}
	for range 200 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if given[l.Addr().String()] {
			t.Errorf("the system gives %v to whoever asks for any port", l.Addr())
		}
	}
}

func TestAnAddressIsPassedOverWhileSomebodyListensOnIt(t *testing.T) {
	before, err := Address()
	if err != nil {
		t.Fatal(err)
	}
	taken, err := listen(next)
	if err == nil { // else somebody listens already
		defer taken.Close()
	}
	if address, err := Address(); err != nil || address == before || taken != nil && address == taken.Addr().String() {
		t.Errorf("got %q, %v; want another address", address, err)
	}
}

func TestABlockThatIsUsedUpIsFollowedByAnotherThatNobodyHas(t *testing.T) {
	had := len(guards)
	for range 2 * size {
		if _, err := Address(); err != nil {
			t.Fatal(err)
		}
	}
	if len(guards) < had+2 {
		t.Errorf("%d blocks after %d, want two more", len(guards), had)
	}
	if l, err := net.Listen("tcp", guards[len(guards)-1].Addr().String()); err == nil {
		l.Close()
		t.Error("another process could have the same block")
	}
}
