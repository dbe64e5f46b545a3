package ledger

// A Rung is where a route stands.
type Rung struct {
	Stage   int     // 0 off, 1 observe, 2 coalesce, 3 push
	Percent float64 // of the actors, 0 to 100
}

// Rollout records where every route stands, by name, and whether all are killed.
// Routes that are not named any more lose their series.
func (l *Ledger) Rollout(rungs map[string]Rung, isKilled bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for route := range l.rungs {
		if _, ok := rungs[route]; !ok {
			l.stage.DeleteLabelValues(route)
			l.percent.DeleteLabelValues(route)
		}
	}
	l.rungs = rungs
	for route, rung := range rungs {
		l.stage.WithLabelValues(route).Set(float64(rung.Stage))
		l.percent.WithLabelValues(route).Set(rung.Percent)
	}
	l.killed.Set(0)
	if isKilled {
		l.killed.Set(1)
	}
}
