package ledger

// A Metric describes one of Pollard's own metrics.
type Metric struct {
	Name   string
	Help   string
	Labels []string // in the order in which they are documented
}

// The places of the metrics in Metrics.
const (
	pollsTotal = iota
	pollSeconds
	upstreamRequestsTotal
	pollsAvoidedTotal
	bypassTotal
	openWatchers
	deliveriesTotal
	deliverySeconds
	subscriptionsRefusedTotal
	newsTotal
	newsDelaySeconds
	newsAlive
	stalenessSeconds
	saturationRatio
	limitRefusalsTotal
	rolloutStage
	rolloutPercent
	killed
	guardVerdict
	guardFallsTotal
	checksTotal
	reductionCompared
	configReloadFailuresTotal
	certificateNotAfterSeconds
	upstreamUnverified
	endpointHealthy
	endpointPending
	redisUp
	redisHints
	redisCommandsTotal
	redisDroppedTotal
	redisEvictedKeys
	rolloutJoined
)

// Metrics returns a description of every metric that a Ledger registers, Go's and
// the process's own aside. Documents and dashboards are checked against it.
func Metrics() []Metric {
	return []Metric{
		pollsTotal: {
			Name:   "pollard_polls_total",
			Help:   "Polls received, by how they ended. Each poll has exactly one outcome.",
			Labels: []string{"route", "outcome"},
		},
		pollSeconds: {
			Name:   "pollard_poll_seconds",
			Help:   "Time from when a poll came until there was an answer to give, by where that is from. Polls that failed, or asked to be held, are not in it.",
			Labels: []string{"route", "from"},
		},
		upstreamRequestsTotal: {
			Name:   "pollard_upstream_requests_total",
			Help:   "Requests that reached the upstream, probes, checks and silent retries included, by why they were sent.",
			Labels: []string{"route", "reason"},
		},
		pollsAvoidedTotal: {
			Name:   "pollard_polls_avoided_total",
			Help:   "Modelled, never mixed with the measured: polls that watchers would have sent (live seconds divided by the interval).",
			Labels: []string{"route"},
		},
		bypassTotal: {
			Name:   "pollard_bypass_total",
			Help:   "Polls that were not coalesced, by why.",
			Labels: []string{"route", "reason"},
		},
		openWatchers: {
			Name:   "pollard_watchers",
			Help:   "Open push subscriptions.",
			Labels: []string{"route", "transport"},
		},
		deliveriesTotal: {
			Name:   "pollard_deliveries_total",
			Help:   "States that subscriptions were to be told, by what became of them.",
			Labels: []string{"route", "transport", "result"},
		},
		deliverySeconds: {
			Name:   "pollard_delivery_seconds",
			Help:   "Time from when a change was seen until the frame was written.",
			Labels: []string{"route"},
		},
		subscriptionsRefusedTotal: {
			Name:   "pollard_subscriptions_refused_total",
			Help:   "Subscriptions refused before the upstream was asked, by why.",
			Labels: []string{"route", "reason"},
		},
		newsTotal: {
			Name:   "pollard_news_total",
			Help:   "Pieces of news of changes, by what told: paths and patterns named, and writes that passed. What no route serves is under other.",
			Labels: []string{"route", "source"},
		},
		newsDelaySeconds: {
			Name:   "pollard_news_delay_seconds",
			Help:   "Time from news of a watched document until the upstream had answered what it was asked because of them.",
			Labels: []string{"route", "source"},
		},
		newsAlive: {
			Name:   "pollard_news_alive",
			Help:   "1 while every source of news that the route names is alive and its interval stretched, else 0; absent where it names none.",
			Labels: []string{"route"},
		},
		stalenessSeconds: {
			Name:   "pollard_staleness_seconds",
			Help:   "Age of what was served or delivered: the time since the upstream last said that it was current.",
			Labels: []string{"route"},
		},
		saturationRatio: {
			Name:   "pollard_saturation_ratio",
			Help:   "Used part of a bounded resource, 0 to 1; 0 where it is unbounded.",
			Labels: []string{"component"},
		},
		limitRefusalsTotal: {
			Name:   "pollard_limit_refusals_total",
			Help:   "Client connections and requests that were refused, by the limit that they met. Subscriptions have a metric of their own.",
			Labels: []string{"limit"},
		},
		rolloutStage: {
			Name:   "pollard_rollout_stage",
			Help:   "Rung that the route stands on, or will once revived: 0 off, 1 observe, 2 coalesce, 3 push.",
			Labels: []string{"route"},
		},
		rolloutPercent: {
			Name:   "pollard_rollout_percent",
			Help:   "Percentage of the actors on that rung, 0 to 100; the others stand one rung lower.",
			Labels: []string{"route"},
		},
		killed: {
			Name: "pollard_killed",
			Help: "1 while the kill switch has every route pass through, whatever its rung; else 0.",
		},
		guardVerdict: {
			Name:   "pollard_guard_verdict",
			Help:   "What a guard says of a route that coalesces or pushes: -1 fail, 0 hold because not enough is known, 1 pass.",
			Labels: []string{"route", "guard"},
		},
		guardFallsTotal: {
			Name:   "pollard_guard_falls_total",
			Help:   "Times that the route was stepped down, by each guard that failed.",
			Labels: []string{"route", "guard"},
		},
		checksTotal: {
			Name:   "pollard_checks_total",
			Help:   "Comparisons of what was given out, or would have been, with what the upstream says to the same client.",
			Labels: []string{"route", "source", "result"},
		},
		reductionCompared: {
			Name:   "pollard_reduction_compared",
			Help:   "Share of its upstream calls that an actor is spared, by comparison with the holdout, with the 95 % interval; absent while too little is known.",
			Labels: []string{"route", "bound"},
		},
		configReloadFailuresTotal: {
			Name: "pollard_config_reload_failures_total",
			Help: "Reloads refused because of the configuration. The previous one stays in force.",
		},
		certificateNotAfterSeconds: {
			Name:   "pollard_certificate_not_after_seconds",
			Help:   "End of validity of each certificate served, trusted or presented, and of the oldest that an open connection was made with, in seconds since the Unix epoch.",
			Labels: []string{"role"},
		},
		upstreamUnverified: {
			Name: "pollard_upstream_unverified",
			Help: "1 while the upstream's certificate is not verified, as skip_verify_until says.",
		},
		endpointHealthy: {
			Name:   "pollard_upstream_endpoint_healthy",
			Help:   "1 while an endpoint of the upstream neither is left alone after failures nor fails its checks.",
			Labels: []string{"endpoint"},
		},
		endpointPending: {
			Name:   "pollard_upstream_endpoint_pending",
			Help:   "Requests under way at an endpoint of the upstream, tunnels and checks included.",
			Labels: []string{"endpoint"},
		},
		redisUp: {
			Name: "pollard_redis_up",
			Help: "1 while Redis is used, 0 while this instance coalesces for itself.",
		},
		redisHints: {
			Name: "pollard_redis_hints",
			Help: "1 while news of other instances come without being asked for, 0 while whoever waits has to look.",
		},
		redisCommandsTotal: {
			Name: "pollard_redis_commands_total",
			Help: "Commands sent to Redis.",
		},
		redisDroppedTotal: {
			Name: "pollard_redis_dropped_publications_total",
			Help: "Publications that were never sent to Redis, because too many waited.",
		},
		redisEvictedKeys: {
			Name: "pollard_redis_evicted_keys",
			Help: "Keys that Redis has evicted since it started.",
		},
		rolloutJoined: {
			Name: "pollard_rollout_joined",
			Help: "1 while the rollout and the kill switch are the fleet's, 0 while they are this instance's alone.",
		},
	}
}
