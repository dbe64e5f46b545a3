package guard

import (
	"iter"
	"time"
)

// A window holds what was counted in the newest spans of time.
type window[T any] struct {
	span  time.Duration
	slots []slot[T]
}

type slot[T any] struct {
	number int64 // of the span since 1970
	value  T
}

func newWindow[T any](slots int, span time.Duration) window[T] {
	return window[T]{span: span, slots: make([]slot[T], slots)}
}

// at returns the slot of now, emptied of what it held a window ago.
func (w *window[T]) at(now time.Time) *T {
	number := w.number(now)
	s := &w.slots[uint64(number)%uint64(len(w.slots))]
	if s.number != number {
		*s = slot[T]{number: number}
	}
	return &s.value
}

// recent yields the slots of the window that ends now.
func (w *window[T]) recent(now time.Time) iter.Seq[*T] {
	newest := w.number(now)
	return func(yield func(*T) bool) {
		for i := range w.slots {
			s := &w.slots[i]
			if s.number > newest-int64(len(w.slots)) && s.number <= newest && !yield(&s.value) {
				return
			}
		}
	}
}

func (w *window[T]) clear() { clear(w.slots) }

func (w *window[T]) number(now time.Time) int64 { return now.UnixNano() / int64(w.span) }
