package freeport

import (
	"net"
	"strconv"
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
	next.Store(0)
	taken, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(least+1)))
	if err == nil { // else somebody listens already
		defer taken.Close()
	}
	address, err := Address()
	if err != nil || address == net.JoinHostPort("127.0.0.1", strconv.Itoa(least+1)) {
		t.Errorf("got %q, %v; want another address", address, err)
	}
}
