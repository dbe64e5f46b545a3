package ledger

// A CheckSource is where a comparison of what Pollard says with what upstream says
// comes from. It is the label in metrics.
type CheckSource string

// The sources of checks.
const (
	ShadowCheck CheckSource = "shadow"  // a sample of what was given out, against an unconditional GET
	DryRun      CheckSource = "dry_run" // what passed anyway, against what would have been given
)

// A CheckResult is what a comparison came to. It is the label in metrics.
type CheckResult string

// The results of checks.
const (
	Matched      CheckResult = "match"
	Mismatched   CheckResult = "mismatch"
	Inconclusive CheckResult = "inconclusive" // it changed meanwhile, or upstream gave no answer to compare
)

// Checked counts n comparisons. The source and the result are of the constants.
func (r *Route) Checked(s CheckSource, result CheckResult, n uint64) {
	r.checks.WithLabelValues(string(s), string(result)).Add(float64(n))
}

// Interval is an estimate, and the bounds within which the truth is taken to be.
type Interval struct{ Point, Low, High float64 }

// Judged records what the guards say of a route: by guard -1 where it fails, 0 where
// not enough is known, 1 where it passes; and the reduction by comparison with the
// holdout, nil where too little is known. Without any verdict the route is not judged
// any more.
func (l *Ledger) Judged(route string, verdicts map[string]int, compared *Interval) {
	if len(verdicts) == 0 {
		l.verdict.DeletePartialMatch(map[string]string{"route": route})
	}
	for guard, v := range verdicts {
		l.verdict.WithLabelValues(route, guard).Set(float64(v))
		l.falls.WithLabelValues(route, guard) // at 0 from now on: a counter that begins at 1 has never risen
	}
	if compared == nil {
		l.compared.DeletePartialMatch(map[string]string{"route": route})
		return
	}
	l.compared.WithLabelValues(route, "point").Set(compared.Point)
	l.compared.WithLabelValues(route, "low").Set(compared.Low)
	l.compared.WithLabelValues(route, "high").Set(compared.High)
}

// Fell counts that a guard had a route step down.
func (l *Ledger) Fell(route, guard string) { l.falls.WithLabelValues(route, guard).Inc() }
