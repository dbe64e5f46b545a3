package main

// before and after are as GitLab published them: calls per 15 minutes and per 24
// hours. What was counted and what is modelled have series of their own.
func reduction() dashboard {
	d := frame("reduction", "Reduction", "What Pollard saves the fleet, per route, per 15 minutes and per day. Measured and modelled are never added up unseen.")
	d.Time = span{"now-24h", "now"}
	d.Templating.List = append(d.Templating.List, variable{
		Name: "cost", Label: "Cost of a million calls", Type: "textbox", Query: "0", Current: current{"0", "0"},
		Description: "In any currency. 0: no figures of money.",
	})
	d.Panels = lay(
		line{"The last 24 hours", day()},
		line{"Before and after", overTime()},
		line{"Routes", []tile{perRoute(), compared()}},
		line{"30 days (needs the recording rules)", month()},
	)
	return d
}

const notOther = `route!="other"`

// The figures of a window, summed up by labels.
func polls(window string, by ...string) string {
	return sum(within(window, "pollard_polls_total", notOther), by...)
}

func upstream(window string, by ...string) string {
	return sum(within(window, "pollard_upstream_requests_total", notOther), by...)
}

func avoided(window string, by ...string) string {
	return sum(within(window, "pollard_polls_avoided_total", notOther), by...)
}

// wanted are the polls that there would have been without push.
func wanted(window string, by ...string) string {
	return "(" + polls(window, by...) + " + " + avoided(window, by...) + ")"
}

func day() []tile {
	return []tile{
		figure("Polls received", "short", "Counted.", polls("24h")),
		figure("Avoided by push", "short", "Modelled: what watchers would have polled.", avoided("24h")),
		figure("Calls to the fleet", "short", "Counted: every request that reached the upstream, Pollard's own checks included.", upstream("24h")),
		figure("Reduction, measured", "percentunit", "1 − calls ÷ polls, both counted.", part(upstream("24h"), polls("24h"))).share(),
		figure("Reduction with push", "percentunit", "1 − calls ÷ (polls + avoided): partly modelled.", part(upstream("24h"), wanted("24h"))).share(),
		figure("Saved", "short", "Calls that the fleet was spared, at the cost that is given; partly modelled.", money(wanted("24h"), upstream("24h"))),
	}
}

// money is nothing where no cost is given.
func money(before, after string) string {
	return "(" + before + " - " + after + ") / 1e6 * (vector($cost) > 0)"
}

func overTime() []tile {
	const quarter = "15m"
	return []tile{
		chart("Calls per 15 minutes", "short", "Before: what would have reached the fleet. After: what did.",
			shown{wanted(quarter), "before: polls and avoided (partly modelled)"},
			shown{polls(quarter), "polls (measured)"},
			shown{upstream(quarter), "after: calls (measured)"}).at(24, 10),
		chart("Reduction by route, measured", "percentunit", "Over 15 minutes. It falls when pages change from polling to push.",
			shown{part(upstream(quarter, "route"), polls(quarter, "route")), "{{route}}"}).share(),
		chart("Reduction by route, with push", "percentunit", "Over 15 minutes; polls that push avoided count as polls. Partly modelled.",
			shown{part(upstream(quarter, "route"), wanted(quarter, "route")), "{{route}}"}).share(),
	}
}

func perRoute() tile {
	const r = "route"
	return table("Before and after, by route", "Of the last 24 hours and 15 minutes.", r,
		column{"before, 24 h", "short", wanted("24h", r)},
		column{"after, 24 h", "short", upstream("24h", r)},
		column{"reduction, measured", "percentunit", part(upstream("24h", r), polls("24h", r))},
		column{"reduction with push", "percentunit", part(upstream("24h", r), wanted("24h", r))},
		column{"before, 15 min", "short", wanted("15m", r)},
		column{"after, 15 min", "short", upstream("15m", r)},
		column{"% of actors", "percent", "max by (route) (" + series("pollard_rollout_percent") + ")"},
	)
}

func compared() tile {
	return chart("Compared with the holdout", "percentunit",
		"Calls of an actor who is treated against one who is held out: a third figure, of its own method. Empty without a holdout.",
		shown{"avg by (route, bound) (" + series("pollard_reduction_compared") + ")", "{{route}} {{bound}}"}).share().at(24, 8)
}

func month() []tile {
	recorded := func(name string) string { return sum(series("namespace_job_route:pollard_" + name + ":increase30d")) }
	before := "(" + recorded("polls") + " + " + recorded("avoided") + ")"
	perDay := func(name string) string { return sum(series("namespace_job_route:pollard_" + name + ":increase24h")) }
	return []tile{
		figure("Before", "short", "Polls and avoided; partly modelled.", before).at(6, 4),
		figure("After", "short", "Calls that reached the fleet.", recorded("upstream")).at(6, 4),
		figure("Reduction with push", "percentunit", "Partly modelled.", part(recorded("upstream"), before)).share().at(6, 4),
		figure("Saved", "short", "At the cost that is given.", money(before, recorded("upstream"))).at(6, 4),
		chart("Calls per 24 hours", "short", "Of the day before each bar.",
			shown{perDay("polls"), "polls (measured)"}, shown{perDay("avoided"), "avoided (modelled)"}, shown{perDay("upstream"), "after: calls (measured)"}).bars("1d").at(24, 9),
	}
}
