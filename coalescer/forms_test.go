package coalescer_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/pollard-proxy/pollard/coalescer"
)

func whose(n int) coalescer.Whose {
	return coalescer.Whose{Place: hashOf("place", fmt.Sprint(n)), Identity: hashOf("identity", fmt.Sprint(n%100))}
}

func TestTheLastFormIsRemembered(t *testing.T) {
	c := coalescer.New(coalescer.Options{})
	defer c.Close()
	if got, ok := c.LastForm(whose(1)); ok {
		t.Errorf("got %v before any poll", got)
	}
	for _, accept := range []string{"text/html", "application/json", "application/json", "text/html"} {
		c.Remember(whose(1), http.Header{"Accept": {accept}})
		c.Remember(whose(2), http.Header{"Accept": {"text/csv"}})
		if got, ok := c.LastForm(whose(1)); !ok || got.Get("Accept") != accept {
			t.Errorf("got %v, %v, want %s", got, ok, accept)
		}
	}
}

func TestFormsAreBoundedAndThoseOfLateStay(t *testing.T) {
	const polls, late = 1<<14 + 4000, 2000
	c := coalescer.New(coalescer.Options{})
	defer c.Close()
	kept := func(from, to int) (n int) {
		for i := from; i < to; i++ {
			got, ok := c.LastForm(whose(i))
			if ok && got.Get("Accept") != fmt.Sprint(i) {
				t.Fatalf("form %d: got %v, another's", i, got)
			}
			if ok {
				n++
			}
		}
		return n
	}
	for i := range polls {
		c.Remember(whose(i), http.Header{"Accept": {fmt.Sprint(i)}})
	}
	if n := kept(0, polls); n > 1<<14 {
		t.Errorf("%d forms are kept, want at most %d", n, 1<<14)
	}
	if n := kept(polls-late, polls); n < late*99/100 {
		t.Errorf("%d of the last %d are kept, want nearly all", n, late)
	}
}

func TestAFormThatIsRememberedAgainAllocatesNothing(t *testing.T) {
	c := coalescer.New(coalescer.Options{})
	defer c.Close()
	w, fields := whose(1), http.Header{"Accept": {"application/json"}, "X-Requested-With": {"XMLHttpRequest"}}
	c.Remember(w, fields)
	if n := testing.AllocsPerRun(100, func() { c.Remember(w, fields) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// Nobody is given another's form, however many say theirs at once.
func TestFormsOfManyAtOnceAreTheirOwn(t *testing.T) {
	c := coalescer.New(coalescer.Options{})
	defer c.Close()
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 1000 {
				n := (i*7 + worker) % 700
				c.Remember(whose(n), http.Header{"Accept": {fmt.Sprint(n)}})
				if got, ok := c.LastForm(whose(n)); ok && got.Get("Accept") != fmt.Sprint(n) {
					t.Errorf("form %d: got %v", n, got)
					return
				}
			}
		})
	}
	all.Wait()
}
