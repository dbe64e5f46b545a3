package main

func operations() dashboard {
	d := frame("operations", "Operations", "Rate, errors and age per route; what goes upstream; push; the rollout and its guards.")
	d.Panels = lay(
		line{"Now", now()},
		line{"Polls", pollPanels()},
		line{"Upstream", upstreamPanels()},
		line{"Push", pushPanels()},
		line{"Rollout", rolloutPanels()},
	)
	return d
}

func now() []tile {
	failed := sum(perSecond("pollard_polls_total", notOther, `outcome="failed"`))
	return []tile{
		figure("Polls a second", "reqps", "Received.", sum(perSecond("pollard_polls_total", notOther))),
		figure("Calls a second", "reqps", "To the upstream, of routes.", sum(perSecond("pollard_upstream_requests_total", notOther))),
		figure("Failing polls", "percentunit", "Not answered, or abandoned by their client. The objective is 0.1 %.",
			failed+" / ("+sum(perSecond("pollard_polls_total", notOther))+" > 0)").limits(0.001, 0.01),
		figure("Watchers", "short", "Open subscriptions.", sum(series("pollard_watchers"))),
		figure("Routes killed", "none", "Whether the kill switch has every route pass through.", "max("+series("pollard_killed")+")").
			named(map[string][2]string{"0": {"running", "green"}, "1": {"KILLED", "red"}}).limits(0.5, 1),
		figure("Guards failing", "none", "Verdicts that say that a rung does harm.", "count("+series("pollard_guard_verdict")+" < 0) or 0 * count("+series("pollard_killed")+")").limits(1, 1),
	}
}

func pollPanels() []tile {
	return []tile{
		chart("Polls by route", "reqps", "", shown{sum(perSecond("pollard_polls_total", notOther), "route"), "{{route}}"}).stacked(),
		chart("Polls by outcome", "reqps", "hit: from memory. collapsed: by a call that another poll led. passed: its rung is lower.",
			shown{sum(perSecond("pollard_polls_total", notOther), "outcome"), "{{outcome}}"}).stacked(),
		chart("Failing polls by route", "percentunit", "A poll that its client abandons counts as failed.",
			shown{sum(perSecond("pollard_polls_total", notOther, `outcome="failed"`), "route") + " / (" + sum(perSecond("pollard_polls_total", notOther), "route") + " > 0)", "{{route}}"}),
		chart("Bypassed polls by reason", "reqps", "docs/metrics.md says what to do about each.",
			shown{"topk(10, " + sum(perSecond("pollard_bypass_total"), "route", "reason") + ") > 0", "{{route}} {{reason}}"}),
		chart("Age of what is served from memory", "s", "Since upstream confirmed it.", quantiles("pollard_staleness_seconds")...),
		chart("Time to an answer", "s", "99 % of the polls of all routes have it sooner. memory: hits. upstream: everything else that was answered.",
			shown{"histogram_quantile(0.99, " + sum(perSecond("pollard_poll_seconds_bucket", notOther), "le", "from") + ") >= 0", "{{from}} p99"}),
		chart("Time to an answer by route", "s", "Of polls that upstream answered.", quantiles("pollard_poll_seconds", `from="upstream"`)...),
		chart("Collapsed and hit, of all polls", "percentunit", "The share that cost the fleet nothing.",
			shown{sum(perSecond("pollard_polls_total", notOther, `outcome=~"hit|collapsed"`), "route") + " / (" + sum(perSecond("pollard_polls_total", notOther), "route") + " > 0)", "{{route}}"}).share(),
	}
}

// quantiles of a histogram per route. A route that has seen nothing has none.
func quantiles(metric string, of ...string) []shown {
	by := sum(perSecond(metric+"_bucket", append(of, notOther)...), "le", "route")
	return []shown{{"histogram_quantile(0.5, " + by + ") >= 0", "{{route}} p50"}, {"histogram_quantile(0.99, " + by + ") >= 0", "{{route}} p99"}}
}

func upstreamPanels() []tile {
	return []tile{
		chart("Calls by reason", "reqps", "watch: of watched documents. probe, verify and audit are Pollard's own questions.",
			shown{sum(perSecond("pollard_upstream_requests_total", notOther), "reason"), "{{reason}}"}).stacked(),
		chart("Calls by route", "reqps", "`other` is what matches no route.",
			shown{sum(perSecond("pollard_upstream_requests_total"), "route"), "{{route}}"}).stacked(),
		chart("Flights: calls that polls led, by what came back", "reqps", "revalidated: 304. fetched: anything else.",
			shown{sum(perSecond("pollard_polls_total", notOther, `outcome=~"revalidated|fetched"`), "route", "outcome"), "{{route}} {{outcome}}"}),
		chart("Polls per flight", "short", "How many polls one call answers. Routes without calls have none.",
			shown{sum(perSecond("pollard_polls_total", notOther), "route") + " / (" + sum(perSecond("pollard_upstream_requests_total", notOther), "route") + " > 0)", "{{route}}"}),
	}
}

func pushPanels() []tile {
	return []tile{
		chart("Watchers by transport", "short", "", shown{sum(series("pollard_watchers"), "transport"), "{{transport}}"}).stacked(),
		chart("Watchers by route", "short", "", shown{sum(series("pollard_watchers"), "route"), "{{route}}"}).stacked(),
		chart("States by what became of them", "ops", "skipped: a newer one came first, which is no loss. failed: the client was too slow, or gone.",
			shown{sum(perSecond("pollard_deliveries_total"), "result"), "{{result}}"}),
		chart("Change seen to frame written", "s", "", quantiles("pollard_delivery_seconds")...),
		chart("Refused subscriptions, drain among them", "ops", "Those who are refused poll. draining: the instance is about to stop.",
			shown{sum(perSecond("pollard_subscriptions_refused_total"), "route", "reason") + " > 0", "{{route}} {{reason}}"}),
		chart("Polls avoided", "reqps", "Modelled: what watchers would have polled.",
			shown{sum(perSecond("pollard_polls_avoided_total", notOther), "route"), "{{route}}"}).stacked(),
	}
}

func rolloutPanels() []tile {
	return []tile{
		timeline("Rung", "", shown{"max by (route) (" + series("pollard_rollout_stage") + ")", "{{route}}"}).
			named(map[string][2]string{"0": {"off", "text"}, "1": {"observe", "blue"}, "2": {"coalesce", "green"}, "3": {"push", "purple"}}),
		chart("Percentage on the rung", "percent", "The others stand one rung lower.",
			shown{"max by (route) (" + series("pollard_rollout_percent") + ")", "{{route}}"}),
		timeline("Guards", "hold: not enough is known yet.", shown{"min by (route, guard) (" + series("pollard_guard_verdict") + ")", "{{route}} {{guard}}"}).
			named(map[string][2]string{"-1": {"fail", "red"}, "0": {"hold", "text"}, "1": {"pass", "green"}}),
		chart("Checks of what was given out", "ops", "Upstream is asked once more, as the same client. A mismatch is harm.",
			shown{sum(perSecond("pollard_checks_total"), "source", "result"), "{{source}} {{result}}"}),
	}
}
