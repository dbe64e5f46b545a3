package conversations

import "time"

// patience is how long a step waits for what it expects, before the script fails.
const patience = 10 * time.Second

// eventually tries until it succeeds or patience has run out, and returns the last error.
func eventually(try func() error) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline:
			return err
		}
	}
}
