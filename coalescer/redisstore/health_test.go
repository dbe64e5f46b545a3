package redisstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

func TestWhatItTakesNotToUseRedis(t *testing.T) {
	const hiccup = 100 * time.Millisecond
	late, broken, refused := context.DeadlineExceeded, errors.New("broken pipe"), answer("READONLY You can't write")
	tests := []struct {
		name     string
		failures []error
		apart    time.Duration
		want     bool // it is used still
	}{
		{"two failures", []error{broken, broken}, time.Second, true},
		{"three failures", []error{broken, broken, broken}, 0, false},
		{"many that were under way during one hiccup", []error{late, late, late, late, late, late}, time.Millisecond, true},
		{"none in time for longer", []error{late, late, late}, hiccup / 2, false},
		{"one refusal that will last", []error{refused}, 0, false},
		{"an answer in between", []error{broken, broken, nil, broken, broken}, time.Second, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHealth(hiccup)
				h.heal()
				for _, why := range test.failures {
					if why == nil {
						h.succeed()
					} else {
						h.fail(coalescer.Name{}, why)
					}
					time.Sleep(test.apart)
				}
				if got := h.check() == nil; got != test.want {
					t.Errorf("used: got %v (%v), want %v", got, h.check(), test.want)
				}
			})
		})
	}
}
