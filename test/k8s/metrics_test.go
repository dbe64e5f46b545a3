package k8s

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/yaml"
)

const ruleFile = "../../k8s/components/prometheus/rules.yaml"

// ruleObject is the object that holds the rules of dashboards/prometheus; their comments stay with them.
func ruleObject(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(`# Generated from dashboards/prometheus: make k8s-rules.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: pollard
  namespace: pollard
spec:
  groups:
`)
	for _, file := range ruleSources(t) {
		_, groups, found := strings.Cut(string(read(t, file)), "\ngroups:\n")
		if !found {
			t.Fatalf("%s has no groups", file)
		}
		for line := range strings.Lines(groups) {
			if line != "\n" {
				b.WriteString("  ")
			}
			b.WriteString(line)
		}
	}
	return b.Bytes()
}

func ruleSources(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../dashboards/prometheus/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	return files
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRulesAreThoseOfTheDashboards(t *testing.T) {
	made := ruleObject(t)
	if *update {
		if err := os.WriteFile(ruleFile, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(read(t, ruleFile), made) {
		t.Fatalf("%s is not what is generated: make k8s-rules", ruleFile)
	}
	var got monitoringv1.PrometheusRule
	if err := yaml.UnmarshalStrict(made, &got); err != nil {
		t.Fatal(err)
	}
	var want []monitoringv1.RuleGroup
	for _, file := range ruleSources(t) {
		var source monitoringv1.PrometheusRuleSpec
		if err := yaml.UnmarshalStrict(read(t, file), &source); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		want = append(want, source.Groups...)
	}
	if !equality.Semantic.DeepEqual(got.Spec.Groups, want) {
		t.Errorf("got the groups %v, want %v", got.Spec.Groups, want)
	}
}

// The values of the Helm chart for prometheus-adapter, as far as they are looked at here.
type adapterValues struct {
	Rules struct {
		Custom []struct {
			SeriesQuery string `json:"seriesQuery"`
			Name        struct {
				Matches string `json:"matches"`
			} `json:"name"`
			MetricsQuery string `json:"metricsQuery"`
			Resources    any    `json:"resources"`
		} `json:"custom"`
	} `json:"rules"`
}

// adapted are the metrics that prometheus-adapter is told to offer.
func adapted(t *testing.T) map[string]bool {
	t.Helper()
	var values adapterValues
	if err := yaml.UnmarshalStrict(read(t, "../../k8s/components/prometheus/adapter-values.yaml"), &values); err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	for _, rule := range values.Rules.Custom {
		name, _, _ := strings.Cut(rule.SeriesQuery, "{")
		if rule.Name.Matches != "^"+name+"$" {
			t.Errorf("the rule for %s offers %s", name, rule.Name.Matches)
		}
		names[name] = true
	}
	return names
}

func TestAutoscalersAskForWhatPollardCounts(t *testing.T) {
	metrics := string(read(t, "../../docs/metrics.md")) // which a test compares with what is exported
	offered := adapted(t)
	eachOverlay(t, func(t *testing.T, objects []object) {
		for _, h := range all[*autoscalingv2.HorizontalPodAutoscaler](objects) {
			for _, m := range h.Spec.Metrics {
				if m.Pods == nil {
					continue
				}
				name := m.Pods.Metric.Name
				if counted := strings.Contains(metrics, "| `"+name+"` |"); !counted || !offered[name] {
					t.Errorf("%s asks for %s: counted %v, offered by the adapter %v", h.Name, name, counted, offered[name])
				}
			}
		}
	})
}

func TestAutoscalersActBelowTheLimits(t *testing.T) {
	eachOverlay(t, func(t *testing.T, objects []object) {
		for _, h := range all[*autoscalingv2.HorizontalPodAutoscaler](objects) {
			d := target(t, h, objects)
			limits := configuration(t, d, objects).Limits
			for _, m := range h.Spec.Metrics {
				if m.Pods == nil {
					continue
				}
				at := m.Pods.Target.AverageValue.AsApproximateFloat64()
				switch name := m.Pods.Metric.Name; {
				case name == "pollard_watchers" && at > 0.75*float64(limits.Watchers):
					t.Errorf("%s wants %v watchers a pod, of %d at most", h.Name, at, limits.Watchers)
				case name == "pollard_saturation_ratio" && at > 0.75:
					t.Errorf("%s acts at %v of a bound", h.Name, at)
				case name == "pollard_saturation_ratio" && limits.Connections == 0:
					t.Errorf("%s looks at a bound that there is not", h.Name)
				}
			}
		}
	})
}

func target(t *testing.T, h *autoscalingv2.HorizontalPodAutoscaler, objects []object) *appsv1.Deployment {
	t.Helper()
	for _, d := range all[*appsv1.Deployment](objects) {
		if d.Name == h.Spec.ScaleTargetRef.Name {
			return d
		}
	}
	t.Fatalf("%s scales %s, which there is not", h.Name, h.Spec.ScaleTargetRef.Name)
	return nil
}
