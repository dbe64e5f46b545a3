package k8s

import (
	"regexp"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// tagged reports whether an image names its version, by a tag that is not latest or by its digest.
var tagged = regexp.MustCompile(`:[0-9][^/]*$|@sha256:`).MatchString

// selected returns the Deployments whose pods a selector selects.
func selected(t *testing.T, selector *metav1.LabelSelector, objects []object) []*appsv1.Deployment {
	t.Helper()
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		t.Fatal(err)
	}
	var found []*appsv1.Deployment
	for _, d := range all[*appsv1.Deployment](objects) {
		if s.Matches(labels.Set(d.Spec.Template.Labels)) {
			found = append(found, d)
		}
	}
	return found
}

// ports are the names of a Deployment's ports.
func ports(t *testing.T, d *appsv1.Deployment) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	for _, p := range container(t, d).Ports {
		names[p.Name] = true
	}
	return names
}

func TestServicesLeadToTheFrontDoor(t *testing.T) {
	eachOverlay(t, func(t *testing.T, objects []object) {
		for _, s := range all[*corev1.Service](objects) {
			found := selected(t, &metav1.LabelSelector{MatchLabels: s.Spec.Selector}, objects)
			if len(found) == 0 {
				t.Errorf("the Service %s selects nothing", s.Name)
			}
			for _, p := range s.Spec.Ports {
				if p.TargetPort.StrVal != "http" {
					t.Errorf("the Service %s leads to the port %s", s.Name, p.TargetPort.String())
				}
				for _, d := range found {
					if !ports(t, d)[p.TargetPort.StrVal] {
						t.Errorf("%s has no port %s", d.Name, p.TargetPort.String())
					}
				}
			}
		}
	})
}

// A pod under two budgets cannot be evicted at all, and Deployments with one selector take each other's pods.
func TestSelectorsAreOfOneDeployment(t *testing.T) {
	eachOverlay(t, func(t *testing.T, objects []object) {
		budgets := make(map[string]int)
		for _, b := range all[*policyv1.PodDisruptionBudget](objects) {
			for _, d := range selected(t, b.Spec.Selector, objects) {
				budgets[d.Name]++
			}
		}
		for _, d := range all[*appsv1.Deployment](objects) {
			if budgets[d.Name] != 1 {
				t.Errorf("%s is under %d budgets, want 1", d.Name, budgets[d.Name])
			}
			if n := len(selected(t, d.Spec.Selector, objects)); n != 1 {
				t.Errorf("the selector of %s selects the pods of %d Deployments", d.Name, n)
			}
			for _, c := range d.Spec.Template.Spec.TopologySpreadConstraints {
				if n := len(selected(t, c.LabelSelector, objects)); n != 1 {
					t.Errorf("%s is spread with the pods of %d Deployments, want its own", d.Name, n)
				}
			}
		}
	})
}

func TestEveryPodIsScraped(t *testing.T) {
	eachOverlay(t, func(t *testing.T, objects []object) {
		for _, m := range all[*monitoringv1.PodMonitor](objects) {
			found := selected(t, &m.Spec.Selector, objects)
			if got, want := len(found), len(all[*appsv1.Deployment](objects)); got != want {
				t.Errorf("%d of %d Deployments are scraped", got, want)
			}
			for _, d := range found {
				if port := *m.Spec.PodMetricsEndpoints[0].Port; !ports(t, d)[port] {
					t.Errorf("%s has no port %s", d.Name, port)
				}
				if job := d.Spec.Template.Labels[m.Spec.JobLabel]; job != "pollard" {
					t.Errorf("%s is scraped as the job %q: PollardDown looks at jobs with pollard in their name", d.Name, job)
				}
			}
		}
	})
}

func TestAdminIsClosedToOtherNamespaces(t *testing.T) {
	eachOverlay(t, func(t *testing.T, objects []object) {
		closed := make(map[string]bool)
		for _, p := range all[*networkingv1.NetworkPolicy](objects) {
			for _, d := range selected(t, &p.Spec.PodSelector, objects) {
				closed[d.Name] = true
			}
			for _, rule := range p.Spec.Ingress {
				if opensAdmin(rule) && p.Name != "pollard-scrape" {
					wantOwnNamespace(t, p.Name, rule.From)
				}
			}
		}
		for _, d := range all[*appsv1.Deployment](objects) {
			if !closed[d.Name] {
				t.Errorf("no policy selects %s: all of it is open", d.Name)
			}
		}
	})
}

func opensAdmin(rule networkingv1.NetworkPolicyIngressRule) bool {
	for _, p := range rule.Ports {
		if p.Port == nil || p.Port.String() != "http" {
			return true
		}
	}
	return len(rule.Ports) == 0
}

func wantOwnNamespace(t *testing.T, policy string, from []networkingv1.NetworkPolicyPeer) {
	t.Helper()
	if len(from) == 0 {
		t.Errorf("%s opens the admin listener to everybody", policy)
	}
	for _, peer := range from {
		if peer.NamespaceSelector != nil || peer.IPBlock != nil || peer.PodSelector == nil {
			t.Errorf("%s opens the admin listener beyond its namespace", policy)
		}
	}
}

// Prometheus is the exception, and no other pod of its namespace is.
func TestOnlyPrometheusScrapes(t *testing.T) {
	found := false
	for _, p := range all[*networkingv1.NetworkPolicy](build(t, "../../k8s/overlays/production")) {
		if p.Name != "pollard-scrape" {
			continue
		}
		found = true
		for _, rule := range p.Spec.Ingress {
			for _, peer := range rule.From {
				if peer.PodSelector.MatchLabels["app.kubernetes.io/name"] != "prometheus" || len(peer.NamespaceSelector.MatchLabels) == 0 {
					t.Errorf("it is open to %v", peer)
				}
			}
			if len(rule.From) == 0 || len(rule.Ports) != 1 {
				t.Errorf("it opens more than the admin listener, or to all: %v", rule)
			}
		}
	}
	if !found {
		t.Error("nothing lets Prometheus in")
	}
}

func TestZonesHaveNothingInCommon(t *testing.T) {
	owner := make(map[string]string)
	for _, zone := range []string{"a", "b", "c"} {
		for _, o := range build(t, "../../k8s/overlays/zones/"+zone) {
			if other := owner[o.name]; other != "" {
				t.Errorf("%s is in the zones %s and %s: a change of one is a change of both", o.name, other, zone)
			}
			owner[o.name] = zone
		}
	}
}

func TestAutoscalersScaleWhatThereIs(t *testing.T) {
	eachOverlay(t, func(t *testing.T, objects []object) {
		names := make(map[string]bool)
		for _, d := range all[*appsv1.Deployment](objects) {
			names[d.Name] = true
		}
		for _, h := range all[*autoscalingv2.HorizontalPodAutoscaler](objects) {
			if !names[h.Spec.ScaleTargetRef.Name] {
				t.Errorf("%s scales %s, which there is not", h.Name, h.Spec.ScaleTargetRef.Name)
			}
		}
	})
}
