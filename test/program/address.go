package program

import (
	"testing"

	"github.com/pollard-proxy/pollard/test/freeport"
)

// FreeAddress is freeport.Address for a test, which fails where there is none.
func FreeAddress(t testing.TB) string {
	t.Helper()
	address, err := freeport.Address()
	if err != nil {
		t.Fatalf("looking for a free port: %v", err)
	}
	return address
}
