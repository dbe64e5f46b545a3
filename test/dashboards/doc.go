// Package dashboards tests what people look at against the real thing: a real
// Prometheus that scrapes the real program, its promtool, and every expression of the
// Grafana dashboards and of the rules. test/tools/setup installs Prometheus.
package dashboards
