package redisstore_test

import (
	"context"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/test/redistest"
	"github.com/pollard-proxy/pollard/test/storetest"
)

// budget is what a command may take in tests that are not about it: machines
// that run many tests at a time stutter.
const budget = 2 * time.Second

func TestRedisKeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	t.Run("the suite", func(t *testing.T) {
		conform(t, everything(), func(t *testing.T) *redisstore.Store {
			return open(t, redisstore.Options{URLs: urls(t, "redis://"+server.Addr), Prefix: t.Name() + ":"})
		})
	})
	if got := server.Do(t, "EVAL", forever, "0"); got != "" {
		t.Errorf("%s will never expire", got)
	}
}

// forever returns a key that never expires, if there is any.
const forever = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  if redis.call('PTTL', key) == -1 then return key end
end
return ''`

func everything() []storetest.Case {
	return slices.Concat(storetest.Turns(), storetest.States(), storetest.Watches(), storetest.Private(), storetest.Crowds())
}

// conform runs cases on instances that open makes.
func conform(t *testing.T, cases []storetest.Case, open func(*testing.T) *redisstore.Store) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			var f storetest.Fleet
			var stores [3]*redisstore.Store
			for i := range stores {
				stores[i] = open(t)
				f.Stores[i] = stores[i]
			}
			f.Leave = func(i int) { stores[i].Close() }
			c.Run(t, &f)
		})
	}
}

// open returns an instance that has reached Redis.
func open(t testing.TB, o redisstore.Options) *redisstore.Store {
	t.Helper()
	s := start(t, o)
	becomes(t, s, redisstore.Together)
	return s
}

// start returns an instance that ends with the test.
func start(t testing.TB, o redisstore.Options) *redisstore.Store {
	t.Helper()
	if o.Budget == 0 {
		o.Budget = budget
	}
	if o.Secret == nil {
		o.Secret = []byte(storetest.Secret)
	}
	o.ProbeEvery = 100 * time.Millisecond
	if o.Patience == 0 {
		o.Patience = storetest.Patience
	}
	s, err := redisstore.New(o)
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

// becomes waits until s is joined so.
func becomes(t testing.TB, s *redisstore.Store, want redisstore.Mode) {
	t.Helper()
	eventually(t, func() bool { got, _ := s.Mode(); return got == want }, func() string {
		got, why := s.Mode()
		return "mode " + string(got) + ": " + text(why)
	})
}

func text(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error()
}

// eventually waits until is returns true; else it fails with what there is.
func eventually(t testing.TB, is func() bool, got func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain; got %s", got())
		}
	}
}

func urls(t testing.TB, texts ...string) []*url.URL {
	t.Helper()
	var all []*url.URL
	for _, s := range texts {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		all = append(all, u)
	}
	return all
}

var everLasting = coalescer.Terms{Fresh: time.Hour, Lease: time.Hour, Keep: time.Hour}
