package proxy

import (
	"sync/atomic"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/rollout/guard"
)

// dryRun is how far the observer's comparisons have been counted: what coalescing
// would have answered to those who pass.
type dryRun struct {
	restart atomic.Bool // what was compared up to now is of no matter
	seen    [3]uint64   // matches, late, mismatches; owned by Judge
}

// results are what the observer's figures mean, in its order.
var results = [...]guard.Result{guard.Match, guard.Inconclusive, guard.Mismatch}

// compare counts what was compared since the last time. Where the figures are lower
// than they were, the observer has forgotten the route and counts anew.
func (d *dryRun) compare(t *trial, figures func(route string) (match, late, mismatch uint64), route string) {
	match, late, mismatch := figures(route)
	restart := d.restart.Swap(false)
	for i, n := range [...]uint64{match, late, mismatch} {
		fresh := n - d.seen[i]
		if n < d.seen[i] {
			fresh = n
		}
		d.seen[i] = n
		if fresh > 0 && !restart {
			t.compared(guard.DryRun, results[i], uint32(min(fresh, 1<<31)))
		}
	}
}

// compared counts n comparisons.
func (t *trial) compared(from guard.Source, result guard.Result, n uint32) {
	t.monitor.Compared(from, result, n)
	t.counts.Checked(sourceNames[from], resultNames[result], uint64(n))
}

// The ledger's words for the guard's.
var (
	sourceNames = [...]ledger.CheckSource{guard.Shadow: ledger.ShadowCheck, guard.DryRun: ledger.DryRun}
	resultNames = [...]ledger.CheckResult{
		guard.Match: ledger.Matched, guard.Mismatch: ledger.Mismatched, guard.Inconclusive: ledger.Inconclusive,
	}
)
