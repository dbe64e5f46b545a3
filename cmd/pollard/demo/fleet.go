package demo

// Together makes one of several proxies in front of the same application: connections go to each in turn, and what they have counted is
// added up. Its admin listener is the first's. They are stopped if it fails.
func Together(proxies []Proxy) (Proxy, error) {
	stop := func() {
		for _, p := range proxies {
			p.Stop()
		}
	}
	if len(proxies) == 1 {
		return proxies[0], nil
	}
	addresses := make([]string, len(proxies))
	for i, p := range proxies {
		addresses[i] = p.URL.Host
	}
	b, err := balance(addresses)
	if err != nil {
		stop()
		return Proxy{}, err
	}
	return Proxy{
		URL: b.url, Admin: proxies[0].Admin,
		Routes: func() []RouteTotals {
			var all []RouteTotals
			for _, p := range proxies {
				all = added(all, p.Routes())
			}
			return all
		},
		Stop: func() { stop(); b.close() },
	}, nil
}

// added adds the counts of a further proxy, which has the same routes, to those of others.
func added(all, more []RouteTotals) []RouteTotals {
	if all == nil {
		return more
	}
	for i, r := range more {
		t := &all[i]
		t.Polls, t.Upstream, t.Avoided, t.Watchers = t.Polls+r.Polls, t.Upstream+r.Upstream, t.Avoided+r.Avoided, t.Watchers+r.Watchers
		whole := sum(all[i : i+1])
		t.Reduction, t.ReductionMeasured = whole.Reduction, whole.measured()
	}
	return all
}
