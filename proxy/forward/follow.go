package forward

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// lookTimeout bounds one look-up.
	lookTimeout = 5 * time.Second
	// impatience is between two look-ups while nothing has been found at all.
	impatience = time.Second
)

// follow looks names up, again and again, until the context ends.
func (u *fleet) follow(ctx context.Context) {
	for first := true; ; first = false {
		u.look(ctx)
		if first {
			close(u.looked)
		}
		wait := time.NewTimer(u.pause())
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
	}
}

// pause is a tenth more or less than Resolve: instances that started together do not ask
// together for ever.
func (u *fleet) pause() time.Duration {
	d := u.options.Resolve
	if len(*u.all.Load()) == 0 {
		d = min(d, impatience)
	}
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}

// look looks every name up once. A failure leaves what the last one found: that a name
// server is away, or knows nobody for a moment, is no reason to stop.
func (u *fleet) look(ctx context.Context) {
	r := resolver(u.options.Resolver)
	for i, s := range u.sources {
		if !s.isName() {
			continue
		}
		within, cancel := context.WithTimeout(ctx, lookTimeout)
		places, err := s.look(within, r)
		cancel()
		if ctx.Err() != nil {
			return
		}
		u.note(i, places, err)
	}
	u.settle()
}

func (u *fleet) note(i int, places []place, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	name := u.sources[i].url.String()
	switch {
	case err != nil && u.failed[i] == nil:
		u.log().Warn("upstream's addresses cannot be looked up; those last found stay", "source", name, "endpoints", len(u.found[i]), "resolver", u.options.Resolver, "error", err)
	case err == nil && u.failed[i] != nil:
		u.log().Info("upstream's addresses can be looked up again", "source", name)
	}
	u.failed[i] = err
	if err == nil {
		u.found[i] = places
	}
}

// recall takes what was found before, by URL.
func (u *fleet) recall(answers map[string][]place) {
	u.mu.Lock()
	for i, s := range u.sources {
		if found := answers[s.url.String()]; s.isName() && found != nil {
			u.found[i] = found
		}
	}
	u.mu.Unlock()
	u.settle()
}
