package conversations

import (
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// patience is how long a step waits for what it expects, before the script fails.
const patience = 10 * time.Second

// eventually tries until it succeeds or patience has run out, and returns the last error.
func eventually(try func() error) error { return program.Until(patience, try) }
