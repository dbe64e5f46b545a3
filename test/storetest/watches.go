package storetest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
)

// Watches are the cases about hints.
func Watches() []Case {
	return []Case{
		{"whoever watches hears of another tag", heard},
		{"whoever watches does not hear of the same tag again", unchanged},
		{"whoever watches does not hear itself", itself},
		{"whoever has stopped hears nothing", stopped},
		{"all who watch a name hear of it", everybody},
	}
}

// ear counts what it hears.
type ear struct{ heard atomic.Int64 }

func (e *ear) changed() { e.heard.Add(1) }

// publish has an instance publish tag, and returns when that is published: when
// the turn is free.
func (f *Fleet) publish(t *testing.T, instance int, name coalescer.Name, tag etag.Tag) {
	t.Helper()
	turn, said, err := f.Stores[instance].Begin(t.Context(), name, coalescer.Terms{Lease: hour, Keep: hour})
	if turn == nil {
		t.Fatalf("instance %d: got %v, error %v, want the turn", instance, said, err)
	}
	turn.Publish(state(tag))
	turn, said, err = f.Stores[(instance+1)%3].Begin(t.Context(), name, coalescer.Terms{Lease: hour, Keep: hour})
	if turn == nil {
		t.Fatalf("after %s: got %v, error %v, want the turn", tag, said, err)
	}
	turn.Release()
}

// hears waits until an instance that is told of another name has been told: what
// was to be heard before that has been heard.
func (f *Fleet) hears(t *testing.T, by, instance int) {
	t.Helper()
	barrier := coalescer.Name{byte(by), byte(instance), 0xff}
	var e ear
	defer f.Stores[instance].Watch(barrier, e.changed)()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for n := 0; ctx.Err() == nil; n++ {
		before := e.heard.Load()
		f.publish(t, by, barrier, etag.FromBody([]byte{byte(n), byte(n >> 8)}))
		for range 20 {
			// The first may be that the subscription has begun.
			if pause(ctx); e.heard.Load() > before && n > 0 {
				return
			}
		}
	}
	t.Fatalf("instance %d never hears instance %d", instance, by)
}

func heard(t *testing.T, f *Fleet) {
	var e ear
	defer f.Stores[1].Watch(name, e.changed)()
	f.hears(t, 0, 1)
	for _, tag := range []etag.Tag{`"a"`, `"b"`} {
		before := e.heard.Load()
		f.publish(t, 0, name, tag)
		if f.hears(t, 0, 1); e.heard.Load() != before+1 {
			t.Errorf("%s: heard %d times, want once", tag, e.heard.Load()-before)
		}
	}
}

func unchanged(t *testing.T, f *Fleet) {
	var e ear
	defer f.Stores[1].Watch(name, e.changed)()
	f.publish(t, 0, name, `"a"`)
	f.becomes(t, 1, `"a"`) // as whoever watches asks when there is news
	f.hears(t, 0, 1)
	before := e.heard.Load()
	f.publish(t, 0, name, `"a"`)
	if f.hears(t, 0, 1); e.heard.Load() != before {
		t.Errorf("heard %d times of what has not changed", e.heard.Load()-before)
	}
}

func itself(t *testing.T, f *Fleet) {
	var e ear
	defer f.Stores[0].Watch(name, e.changed)()
	f.hears(t, 1, 0)
	before := e.heard.Load()
	f.publish(t, 0, name, `"a"`)
	if f.hears(t, 1, 0); e.heard.Load() != before {
		t.Errorf("heard itself %d times", e.heard.Load()-before)
	}
}

func stopped(t *testing.T, f *Fleet) {
	var e, other ear
	stop := f.Stores[1].Watch(name, e.changed)
	defer f.Stores[1].Watch(name, other.changed)()
	f.hears(t, 0, 1)
	stop()
	before := e.heard.Load()
	f.publish(t, 0, name, `"a"`)
	if f.hears(t, 0, 1); e.heard.Load() != before {
		t.Errorf("heard %d times after having stopped", e.heard.Load()-before)
	}
	if other.heard.Load() == 0 {
		t.Errorf("whoever else watches heard nothing")
	}
}

func everybody(t *testing.T, f *Fleet) {
	var ears [4]ear
	for i := range ears {
		defer f.Stores[1+i%2].Watch(name, ears[i].changed)()
	}
	f.hears(t, 0, 1)
	f.hears(t, 0, 2)
	var before [len(ears)]int64
	for i := range ears {
		before[i] = ears[i].heard.Load()
	}
	f.publish(t, 0, name, `"a"`)
	f.hears(t, 0, 1)
	f.hears(t, 0, 2)
	for i := range ears {
		if got := ears[i].heard.Load() - before[i]; got != 1 {
			t.Errorf("ear %d: heard %d times, want once", i, got)
		}
	}
}
