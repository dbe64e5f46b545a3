package k8s

import "flag"

var update = flag.Bool("update", false, "write the PrometheusRule anew, from dashboards/prometheus")
