package main

import "strings"

// prometheus is whatever data source the variable names.
var prometheus = datasource{Type: "prometheus", UID: "${datasource}"}

// frame returns a dashboard without panels.
func frame(uid, title, description string) dashboard {
	return dashboard{
		UID: "pollard-" + uid, Title: "Pollard / " + title, Description: description,
		Tags: []string{"pollard"}, SchemaVersion: 39, Editable: true, GraphTooltip: 1, Refresh: "30s", Timezone: "browser",
		Time:        span{"now-6h", "now"},
		Annotations: annotations{[]annotation{moves(), falls(), kills()}},
		Templating:  templating{[]variable{source(), labelled("job", ""), labelled("namespace", ".*"), routes()}},
		Links:       []link{{Title: "Pollard", Type: "dashboards", Icon: "external link", Tooltip: "The other dashboards", Tags: []string{"pollard"}, IncludeVars: true, KeepTime: true}},
	}
}

// series selects a metric by the variables, and by further matchers. Metrics of the
// whole process have no route.
func series(metric string, matchers ...string) string {
	all := []string{`job=~"$job"`, `namespace=~"$namespace"`}
	if isPerRoute(metric) {
		all = append(all, `route=~"$route"`)
	}
	return metric + "{" + strings.Join(append(all, matchers...), ",") + "}"
}

func isPerRoute(metric string) bool {
	switch metric {
	case "pollard_killed", "pollard_saturation_ratio", "pollard_config_reload_failures_total", "pollard_certificate_not_after_seconds":
		return false
	}
	return !strings.HasPrefix(metric, "pollard_redis_") && !strings.HasPrefix(metric, "process_") && !strings.HasPrefix(metric, "go_")
}

// perSecond is the rate of a counter over what the panel shows of it.
func perSecond(metric string, matchers ...string) string {
	return "rate(" + series(metric, matchers...) + "[$__rate_interval])"
}

// within is how far a counter rose in a window.
func within(window, metric string, matchers ...string) string {
	return "increase(" + series(metric, matchers...) + "[" + window + "])"
}

// sum adds instances up, and keeps labels apart.
func sum(expr string, by ...string) string {
	return "sum by (" + strings.Join(by, ",") + ") (" + expr + ")"
}

// part is 1 − some ÷ all, and nothing where all is nothing.
func part(some, all string) string { return "1 - " + some + " / (" + all + " > 0)" }

func source() variable {
	return variable{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Current: current{"", ""}}
}

// labelled chooses values of a label of the instances. Without a value of its own,
// All is every value that there is, so that it never takes in other programs' series.
func labelled(label, all string) variable {
	definition := "label_values(pollard_killed, " + label + ")"
	v := variable{
		Name: label, Label: strings.ToUpper(label[:1]) + label[1:], Type: "query", Datasource: &prometheus,
		Definition: definition, Query: query{definition, label}, Refresh: 2, Sort: 1,
		Multi: true, IncludeAll: true, AllValue: all, Current: current{[]string{"All"}, []string{"$__all"}},
	}
	return v
}

func routes() variable {
	v := labelled("route", ".*")
	v.Definition = `label_values(pollard_polls_total{job=~"$job",namespace=~"$namespace",route!="other"}, route)`
	v.Query = query{v.Definition, "route"}
	return v
}

func moves() annotation {
	return annotation{
		Name: "Routes moved", Datasource: prometheus, Enable: true, IconColor: "blue", Step: "60s", Title: "{{route}} was moved",
		Expr: "sum by (route) (changes(" + series("pollard_rollout_stage") + "[1m]) + changes(" + series("pollard_rollout_percent") + "[1m])) > 0",
	}
}

func falls() annotation {
	return annotation{
		Name: "Guards that fired", Datasource: prometheus, Enable: true, IconColor: "red", Step: "60s", Title: "{{guard}} stepped {{route}} down",
		Expr: "sum by (route, guard) (" + within("1m", "pollard_guard_falls_total") + ") > 0",
	}
}

func kills() annotation {
	return annotation{
		Name: "Killed", Datasource: prometheus, Enable: true, IconColor: "dark-red", Step: "60s", Title: "Kill switch",
		Expr: "max(" + series("pollard_killed") + ") > 0",
	}
}
