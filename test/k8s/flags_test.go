package k8s

import "flag"

var (
	update    = flag.Bool("update", false, "write the PrometheusRule anew, from dashboards/prometheus")
	apiserver = flag.String("apiserver", "", "a kube-apiserver to apply every overlay to")
	etcd      = flag.String("etcd", "", "the etcd that it keeps them in")
)
