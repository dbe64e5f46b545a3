package forward

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// A Check asks endpoints how they are: with a GET on a connection of its own. An answer with
// a status below 400 is good.
type Check struct {
	Path     string        // "" is no check
	Interval time.Duration // between two checks; 5 s if not positive
	Timeout  time.Duration // 2 s if not positive
	Rise     int           // good ones in a row that make an endpoint fit again; 2 if not positive
	Fall     int           // bad ones in a row that make it unfit; 3 if not positive
}

const (
	defaultCheckInterval = 5 * time.Second
	defaultCheckTimeout  = 2 * time.Second
	defaultRise          = 2
	defaultFall          = 3

	// maxChecks bounds how many endpoints are asked at once.
	maxChecks = 32
	// checkedBytes bounds what is read of the answer to a check.
	checkedBytes = 64 << 10
)

func (c Check) bounded() Check {
	return Check{
		c.Path, positive(c.Interval, defaultCheckInterval), positive(c.Timeout, defaultCheckTimeout),
		positive(c.Rise, defaultRise), positive(c.Fall, defaultFall),
	}
}

// A run is how many checks in a row had the same result.
type run struct {
	good   bool
	length int
}

func (r *run) add(good bool) {
	if good != r.good {
		*r = run{good: good}
	}
	r.length++
}

// watch checks endpoints until the context ends.
func (u *fleet) watch(ctx context.Context) {
	tick := time.NewTicker(u.options.Check.Interval)
	defer tick.Stop()
	for {
		u.check(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// check asks each endpoint once, and waits for all.
func (u *fleet) check(ctx context.Context) {
	var all sync.WaitGroup
	room := make(chan struct{}, maxChecks)
	for _, e := range *u.all.Load() {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			err := u.ask(ctx, e)
			if ctx.Err() == nil {
				u.judge(e, err)
			}
		})
	}
	all.Wait()
}

// ask sends e a check; the error is why it is not good.
func (u *fleet) ask(ctx context.Context, e *endpoint) error {
	ctx, cancel := context.WithTimeout(ctx, u.options.Check.Timeout)
	defer cancel()
	f := u.forwarder
	l, err := f.dial(ctx, e)
	if err != nil {
		return err
	}
	req := (&http.Request{
		Method: http.MethodGet, Host: e.source.host,
		URL:    &url.URL{Scheme: "http", Host: e.source.host, Opaque: u.options.Check.Path},
		Header: http.Header{"User-Agent": {"Pollard (health)"}, "Connection": {"close"}},
	}).WithContext(ctx)
	e.pending.Add(1)
	c := &call{req: req, link: l, hooks: &hooks{sent: f.checked}}
	c.unwatch = context.AfterFunc(ctx, l.abort)
	resp, err := c.run()
	defer c.end(false)
	if err != nil {
		return c.explain(err)
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, checkedBytes)); err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return unwell(resp.StatusCode)
	}
	return nil
}

// unwell is the status of an answer that says so.
type unwell int

func (u unwell) Error() string { return "answered " + http.StatusText(int(u)) }

// judge draws the conclusion of one more check.
func (u *fleet) judge(e *endpoint, err error) {
	e.checks.add(err == nil)
	switch unfit := e.standing.unfit.Load(); {
	case err != nil && !unfit && e.checks.length >= u.options.Check.Fall:
		e.standing.unfit.Store(true)
		u.log().Warn("endpoint fails its checks", "endpoint", e.address, "error", err)
	case err == nil && (!unfit || e.checks.length >= u.options.Check.Rise):
		e.standing.answered(true)
		if e.standing.unfit.Swap(false) {
			u.log().Info("endpoint passes its checks again", "endpoint", e.address)
		}
	}
}
