package program

import "time"

// Between one try and the next.
const (
	leastPause = 5 * time.Millisecond
	mostPause  = 50 * time.Millisecond
)

// Until tries until it succeeds or a time has passed, less often the longer it takes.
// Then it returns the last error.
func Until(limit time.Duration, try func() error) error { return until(nil, limit, try) }

// until is Until that tries for the last time once over is closed.
func until(over <-chan struct{}, limit time.Duration, try func() error) error {
	deadline := time.After(limit)
	for pause := leastPause; ; pause = min(2*pause, mostPause) {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-over:
			return try()
		case <-deadline:
			return err
		}
	}
}
