package abuse

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// patience is how long the program may take to notice, on a busy machine.
const patience = 40 * time.Second

// TestStoredAnswersGiveWayToTheBudgetOfMemory: polls of twice as much as there is room for are all answered.
func TestStoredAnswersGiveWayToTheBudgetOfMemory(t *testing.T) {
	t.Parallel()
	const budget, stored = 64 << 20, 1 << 30
	p := serve(t, 0, "limits: {memory: 64MiB, stored_bytes: 1GiB}")
	for i := range 2 * budget / bigBytes {
		resp, err := http.Get(fmt.Sprintf("http://%s/big/%d", p.Front, i))
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || n != bigBytes {
			t.Fatalf("poll %d: answered %s with %d bytes, %v", i, resp.Status, n, err)
		}
	}
	err := program.Until(patience, func() error {
		used := figure(t, p, `pollard_saturation_ratio{component="memory"}`)
		kept := figure(t, p, `pollard_saturation_ratio{component="stored_bytes"}`) * stored
		if used <= 0 || used > 1 || kept > budget {
			return fmt.Errorf("%v of the budget is used, and %v bytes are stored; want the budget kept", used, kept)
		}
		return nil
	})
	if err := errors.Join(err, says(p, "memory is short")); err != nil {
		t.Error(err)
	}
}

func says(p *program.Process, text string) error {
	return program.Until(patience, func() error {
		if !strings.Contains(p.Log.String(), text) {
			return fmt.Errorf("the log does not say %q", text)
		}
		return nil
	})
}
