//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"time"
)

// watchPlan is what one process of watchers is to do, as JSON on its standard input: open so many watches,
// let them be for a while, then see changes come.
type watchPlan struct {
	Addr     string
	Target   string
	Events   bool // server-sent events, else WebSocket
	Watchers int
	AtOnce   int // watches that are being opened at a time

	Settle time.Duration // how long they then do nothing

	Changes int
	Size    int           // bytes of each document
	Gap     time.Duration // the least between a delivery and the next change; drawn up to twice as long
	Limit   time.Duration // until the last watcher must have a change
	Tell    []place       // who is told of a change, in order
	Board   string        // where the upstream says when it was first seen; empty: time counts from the last telling

	Server int    // the process that is measured, with its descendants
	Admin  string // where it has metrics; empty: nowhere
}

// place takes a document by POST.
type place struct {
	Addr, Target string
	Body         string // sent instead of the document; empty: the document
}

// watchResult is what was seen, as JSON on standard output.
type watchResult struct {
	Opening                 effort
	Before, Opened, Settled footprint

	Delivering effort
	Deliveries int
	Waited     []time.Duration // of each change: from telling until the server asked for it; none of one that does not ask
	Written    []time.Duration // of each frame: from then until it lay in the watcher's socket
	Had        []time.Duration // of each frame: from then until the watcher had read it
	Last       []time.Duration // of each change: from then until every watcher had
}

// effort is what something took.
type effort struct {
	Took, ServerCPU, LoadCPU time.Duration
}

func runWatchers(ctx context.Context, in io.Reader, out io.Writer) error {
	runtime.LockOSThread()
	var p watchPlan
	if err := json.NewDecoder(in).Decode(&p); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	w, err := newWatchers(p)
	if err != nil {
		return err
	}
	defer w.close()
	r, err := w.run(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}

func (w *watchers) run(ctx context.Context) (r watchResult, err error) {
	if r.Before, err = footprintOf(ctx, w.plan.Server, w.plan.Admin); err != nil {
		return r, err
	}
	if r.Opening, err = w.measure(w.openAll); err != nil {
		return r, err
	}
	if r.Opened, err = footprintOf(ctx, w.plan.Server, w.plan.Admin); err != nil {
		return r, err
	}
	if err = w.idle(w.plan.Settle); err != nil {
		return r, err
	}
	if r.Settled, err = footprintOf(ctx, w.plan.Server, w.plan.Admin); err != nil {
		return r, err
	}
	if w.plan.Changes == 0 {
		return r, nil
	}
	r.Delivering, err = w.measure(func() error { return w.changes(ctx, &r) })
	return r, err
}

func (w *watchers) measure(do func() error) (effort, error) {
	server, err := watchCPU(w.plan.Server)
	if err != nil {
		return effort{}, err
	}
	own, began := ownCPU(), time.Now()
	if err := do(); err != nil {
		return effort{}, err
	}
	e := effort{Took: time.Since(began), LoadCPU: ownCPU() - own}
	e.ServerCPU, err = server.used()
	return e, err
}

// changes makes one change after the other and notes how each gets to everybody.
func (w *watchers) changes(ctx context.Context, r *watchResult) error {
	tellers, err := tellersOf(w.plan.Tell)
	if err != nil {
		return err
	}
	defer tellers.close()
	for version := range w.plan.Changes {
		if err := w.idle(w.plan.Gap + rand.N(w.plan.Gap)); err != nil {
			return err
		}
		if err := w.change(ctx, tellers, firstChange+version, r); err != nil {
			return fmt.Errorf("change %d: %w", version, err)
		}
	}
	return nil
}

// firstChange is the number of the first state that is none of those before the measurement.
const firstChange = 1000

func (w *watchers) change(ctx context.Context, to tellers, version int, r *watchResult) error {
	w.news = newsFor(len(w.conns), version)
	told, err := to.tell(boardDocument(version, w.plan.Size))
	if err != nil {
		return err
	}
	if err := w.until(w.plan.Limit, func() bool { return w.news.missing == 0 }); err != nil {
		return fmt.Errorf("%d watchers are not told: %w", w.news.missing, err)
	}
	if err := to.heard(); err != nil {
		return err
	}
	from := told
	if w.plan.Board != "" {
		if from, err = shownAt(ctx, w.plan.Board); err != nil {
			return err
		}
		r.Waited = append(r.Waited, from.Sub(told))
	}
	r.note(w.news, from)
	return nil
}

// note adds what became of one change, which counts from a moment.
func (r *watchResult) note(n *news, from time.Time) {
	r.Deliveries += len(n.had)
	for i := range n.had {
		r.Written = append(r.Written, n.written[i].Sub(from))
		r.Had = append(r.Had, n.had[i].Sub(from))
	}
	r.Last = append(r.Last, slices.MaxFunc(n.had, time.Time.Compare).Sub(from))
}

// shownAt asks the upstream when its board's state was first given out.
func shownAt(ctx context.Context, control string) (time.Time, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+control+boardPath, nil)
	if err != nil {
		return time.Time{}, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask when the change was seen: %w", err)
	}
	defer answer.Body.Close()
	var s sighting
	if err := json.NewDecoder(answer.Body).Decode(&s); err != nil || s.Shown == 0 {
		return time.Time{}, fmt.Errorf("ask when the change was seen: got %+v, %w", s, err)
	}
	return time.Unix(0, s.Shown), nil
}
