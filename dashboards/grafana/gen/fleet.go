package main

func fleet() dashboard {
	d := frame("fleet", "Fleet", "Each instance: load, bounds, memory, endpoints of the upstream, Redis, certificates.")
	d.Panels = lay(
		line{"Instances", instances()},
		line{"Bounds", bounds()},
		line{"Process", process()},
		line{"Endpoints of the upstream", endpoints()},
		line{"Redis and leases", redis()},
		line{"Certificates and configuration", certificates()},
	)
	return d
}

func instances() []tile {
	return []tile{
		table("Instances", "", "instance",
			column{"started", "dateTimeFromNow", "max by (instance) (" + series("process_start_time_seconds") + ") * 1000"},
			column{"polls a second", "reqps", sum(perSecond("pollard_polls_total", notOther), "instance")},
			column{"calls a second", "reqps", sum(perSecond("pollard_upstream_requests_total"), "instance")},
			column{"watchers", "short", sum(series("pollard_watchers"), "instance")},
			column{"fullest bound", "percentunit", "max by (instance) (" + series("pollard_saturation_ratio") + ")"},
			column{"memory", "bytes", sum(series("process_resident_memory_bytes"), "instance")},
			column{"killed", "none", "max by (instance) (" + series("pollard_killed") + ")"},
		).at(24, 8),
		chart("Polls by instance", "reqps", "", shown{sum(perSecond("pollard_polls_total", notOther), "instance"), "{{instance}}"}),
		chart("Watchers by instance", "short", "A drain moves them to the others.", shown{sum(series("pollard_watchers"), "instance"), "{{instance}}"}).stacked(),
	}
}

func bounds() []tile {
	full := chart("Used part of each bound", "percentunit", "What is full is refused; stored_bytes and documents forget what is oldest.",
		shown{"max by (component, instance) (" + series("pollard_saturation_ratio") + ")", "{{component}} {{instance}}"}).share()
	ahead := chart("In four hours, by the last hour", "percentunit", "From 100 % on an alert has made a ticket.",
		shown{"max by (component) (predict_linear(" + series("pollard_saturation_ratio") + "[1h], 4 * 3600))", "{{component}}"})
	refused := chart("Refused by limits", "ops", "Requests and connections, by the limit that they met.",
		shown{sum(perSecond("pollard_limit_refusals_total"), "limit"), "{{limit}}"})
	return []tile{full, ahead, refused}
}

func process() []tile {
	return []tile{
		chart("CPU", "short", "Cores.", shown{perSecond("process_cpu_seconds_total"), "{{instance}}"}),
		chart("Memory", "bytes", "", shown{series("process_resident_memory_bytes"), "{{instance}} resident"}, shown{series("go_memstats_heap_inuse_bytes"), "{{instance}} heap"}),
		chart("Goroutines", "short", "docs/ARCHITECTURE.md lists what each is for.", shown{series("go_goroutines"), "{{instance}}"}),
		chart("File descriptors", "short", "", shown{series("process_open_fds"), "{{instance}}"}),
	}
}

func endpoints() []tile {
	return []tile{
		timeline("Healthy endpoints", "alone: at least one instance leaves it alone, after failures or failed checks.",
			shown{"min by (endpoint) (" + series("pollard_upstream_endpoint_healthy") + ")", "{{endpoint}}"}).
			named(map[string][2]string{"0": {"alone", "red"}, "1": {"healthy", "green"}}),
		chart("Requests under way, by endpoint", "short", "Of all instances; the one with the fewest is asked.",
			shown{sum(series("pollard_upstream_endpoint_pending"), "endpoint"), "{{endpoint}}"}),
	}
}

// redis shows leases by what they save: of a document that instances share, one asks.
func redis() []tile {
	upDown := map[string][2]string{"0": {"down", "red"}, "1": {"up", "green"}}
	return []tile{
		timeline("Redis", "Without it each instance asks for itself. Empty where none is configured.",
			shown{"min by (instance) (" + series("pollard_redis_up") + ")", "{{instance}}"}).named(upDown),
		timeline("News from Redis", "down: whoever waits has to look, which costs commands.",
			shown{"min by (instance) (" + series("pollard_redis_hints") + ")", "{{instance}}"}).named(upDown),
		chart("Calls by instance", "reqps", "Of a document that instances share, the one that holds its lease asks.",
			shown{sum(perSecond("pollard_upstream_requests_total", notOther, `reason=~"poll|watch|probe"`), "instance"), "{{instance}}"}).stacked(),
		chart("Commands, and publications that were dropped", "ops", "Dropped: too many waited. Others ask upstream again once the lease is over.",
			shown{sum(perSecond("pollard_redis_commands_total"), "instance"), "{{instance}} commands"},
			shown{sum(perSecond("pollard_redis_dropped_publications_total"), "instance"), "{{instance}} dropped"}),
	}
}

func certificates() []tile {
	return []tile{
		chart("Until certificates end", "s", "Below 14 days there is a ticket, below 0 a page.",
			shown{"min by (role, instance) (" + series("pollard_certificate_not_after_seconds") + ") - time()", "{{role}} {{instance}}"}),
		chart("Refused configurations", "short", "Of the last 15 minutes.",
			shown{sum(within("15m", "pollard_config_reload_failures_total"), "instance"), "{{instance}}"}),
		timeline("The upstream's certificate", "open: skip_verify_until has anybody taken for the upstream.",
			shown{"max by (instance) (" + series("pollard_upstream_unverified") + ")", "{{instance}}"}).
			named(map[string][2]string{"0": {"verified", "green"}, "1": {"open", "red"}}),
	}
}
