package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/pollard-proxy/pollard/proxy/admin"
)

// lookAfter is the time between two looks at whether the route has fallen.
const lookAfter = 100 * time.Millisecond

// A fall is what the guards have made of a fault.
type fall struct {
	after    time.Duration // of the release
	from, to string
	why      string
}

// lapse breaks the fleet and waits until the guards have noticed. Every document changes at once: none that is held is right any more.
func lapse(ctx context.Context, t *tour) error {
	stood := t.counted()
	t.theatre.app.Lapse()
	for _, path := range t.theatre.app.Documents() {
		if err := t.theatre.app.Change(path); err != nil {
			return err
		}
	}
	ctx, end := context.WithTimeoutCause(ctx, fallWithin, fmt.Errorf("the guards have noticed nothing in %v", fallWithin))
	defer end()
	began := time.Now()
	r, err := t.awaitFall(ctx)
	if err != nil {
		return err
	}
	t.fall = fall{time.Since(began), fmt.Sprintf("%s %v%%", stood.Stage, stood.Percent), r.Position.String(), r.Moved.Why}
	return nil
}

func (t *tour) awaitFall(ctx context.Context) (admin.Route, error) {
	tick := time.NewTicker(lookAfter)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return admin.Route{}, context.Cause(ctx)
		case <-tick.C:
		}
		r, err := t.operator.route(ctx, toured)
		if err != nil {
			return r, err
		}
		if r.Moved != nil && r.Moved.Fallen {
			return r, nil
		}
	}
}

func fallen(_ context.Context, t *tour, _ told) (string, error) {
	return fmt.Sprintf("After %.1f s the guard had the route fall by itself, from %s to %s:\n  %s", t.fall.after.Seconds(), t.fall.from, t.fall.to, t.fall.why), nil
}
