package demo

import (
	"errors"
	"fmt"
	"time"
)

// settling is how long the two counts may differ after the last viewer has gone: somebody's browser may still be polling.
const settling = 10 * time.Second

// conclude prints the end and judges it. Who was watching is told from the scene before: by now they have gone home.
func (t *theatre) conclude(before scene) error {
	last := t.settled()
	if err := t.print(last, before); err != nil {
		return err
	}
	return errors.Join(last.differences(), last.complaints())
}

// settled waits until nothing is on its way upstream, and returns that scene, or the last one when that does not happen. It looks
// again and again, because the two counts belong to two programs and neither tells when it changes.
func (t *theatre) settled() scene {
	for deadline := time.Now().Add(settling); ; time.Sleep(10 * time.Millisecond) {
		sc := t.look()
		if sc.differences() == nil || time.Now().After(deadline) {
			return sc
		}
	}
}

func (t *theatre) print(last, before scene) error {
	if t.options.JSON {
		return writeReport(t.options.Out, last)
	}
	whole := meter{scenes: []scene{{At: t.started}}}
	now := whole.rate(last)
	for i := range min(len(last.Rows), len(before.Rows)) {
		last.Rows[i].Watchers = before.Rows[i].Watchers
	}
	story, err := t.retell(last.Told)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(t.options.Out, story, "\n", table(last, now))
	return err
}

// complaints says what went wrong for viewers.
func (sc scene) complaints() error {
	var problems []error
	if n := sc.Counts.Foreign; n > 0 {
		problems = append(problems, fmt.Errorf("%d answers went to the wrong viewer, the first: %s", n, sc.Counts.Why))
	}
	if n := sc.Counts.Stopped; n > 0 {
		problems = append(problems, fmt.Errorf("%d pages stopped polling because of an error, the first: %s", n, sc.Counts.Why))
	}
	return errors.Join(problems...)
}
