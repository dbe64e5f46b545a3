package redisnews

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Options for [Channel] and [GitLab]. All are required; the functions are called by
// Run, one at a time.
type Options struct {
	Client redis.UniversalClient // closed by whoever made it, after Run
	// Timeout is how long a canary may be away. Four are let go in that time.
	Timeout time.Duration

	Heard   func()      // a canary came round
	Lost    func(error) // nothing is heard any more, or not yet, and why
	Refused func(error) // a message was no news; of many, one a minute
}

// Source is something that tells of changes.
type Source struct {
	// Set when it is made, then read-only.
	options  Options
	patterns []string // subscribed first
	channels []string // the canary's last: that it comes round proves the others
	isCanary func(*redis.Message) bool
	letGo    func(context.Context) error // a canary
	ready    func(context.Context) error // whether the server can tell anything; nil where it always can
	take     func(*redis.Message) error  // says why a message is no news; with errMissed, that others were missed

	// Owned by Run.
	refused time.Time // when a refusal was told last
}

const (
	// againAfter is how long a lost source is left alone.
	againAfter = 500 * time.Millisecond
	// budget bounds a command.
	budget = time.Second
	// complainEvery bounds how often refusals are told.
	complainEvery = time.Minute
)

// Why a source is lost though its connection is not.
var (
	errLost   = errors.New("the canary has not come round")
	errMissed = errors.New("messages were missed")
)

// ownName is part of the name of a canary that no other instance has.
func ownName() string { return rand.Text() }

// Run hears until the context ends.
func (s *Source) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		s.options.Lost(err)
		select {
		case <-ctx.Done():
		case <-time.After(againAfter):
		}
	}
}

// listen hears on one connection until it is lost, and returns why it was.
func (s *Source) listen(ctx context.Context) error {
	ctx, lose := context.WithCancelCause(ctx)
	if s.ready != nil {
		if err := limited(ctx, s.ready); err != nil {
			lose(nil)
			return err
		}
	}
	subscriptions := s.options.Client.Subscribe(ctx)
	hangUp := context.AfterFunc(ctx, func() { subscriptions.Close() }) // which ends a read
	var sending sync.WaitGroup
	subscribed := make(chan struct{}, len(s.channels)+len(s.patterns)) // that none is missed
	sending.Go(func() { s.sendCanaries(ctx, subscribed, lose) })
	err := s.hear(ctx, subscriptions, subscribed)
	lose(err)
	sending.Wait()
	if hangUp() {
		subscriptions.Close()
	}
	return context.Cause(ctx)
}

// hear takes what is said. Whatever else is said, without canaries the source is
// lost.
func (s *Source) hear(ctx context.Context, subscriptions *redis.PubSub, subscribed chan<- struct{}) error {
	if err := s.subscribe(ctx, subscriptions); err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	due := time.Now().Add(s.options.Timeout)
	for {
		left := time.Until(due)
		if left <= 0 {
			return fmt.Errorf("%w for %v", errLost, s.options.Timeout)
		}
		said, err := subscriptions.ReceiveTimeout(ctx, left)
		if err != nil && time.Until(due) > 0 {
			return fmt.Errorf("reading the subscriptions: %w", err)
		}
		switch m := said.(type) {
		case *redis.Subscription:
			select {
			case subscribed <- struct{}{}:
			default: // a canary is to go already
			}
		case *redis.Message:
			isCanary, err := s.told(m)
			if err != nil {
				return err
			}
			if isCanary {
				due = time.Now().Add(s.options.Timeout)
			}
		}
	}
}

func (s *Source) subscribe(ctx context.Context, subscriptions *redis.PubSub) error {
	return limited(ctx, func(ctx context.Context) error {
		if len(s.patterns) > 0 {
			if err := subscriptions.PSubscribe(ctx, s.patterns...); err != nil {
				return err
			}
		}
		return subscriptions.Subscribe(ctx, s.channels...)
	})
}

// told takes a message, and reports whether it was the canary. It fails if others
// were missed.
func (s *Source) told(m *redis.Message) (isCanary bool, err error) {
	if s.isCanary(m) {
		s.options.Heard()
		isCanary = true
	}
	err = s.take(m)
	if errors.Is(err, errMissed) {
		return isCanary, err
	}
	if err != nil && time.Since(s.refused) >= complainEvery {
		s.refused = time.Now()
		s.options.Refused(err)
	}
	return isCanary, nil
}

// sendCanaries lets a canary go with each subscription, of which the last finds all
// of them in place, and from time to time, until the context ends or one cannot go.
func (s *Source) sendCanaries(ctx context.Context, subscribed <-chan struct{}, lose context.CancelCauseFunc) {
	every := time.NewTicker(s.options.Timeout / 4)
	defer every.Stop()
	for {
		select {
		case <-subscribed:
		case <-every.C:
		case <-ctx.Done():
			return
		}
		if err := limited(ctx, s.letGo); err != nil {
			lose(fmt.Errorf("letting a canary go: %w", err))
			return
		}
	}
}

func limited(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	return do(ctx)
}
