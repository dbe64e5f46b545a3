package k8s

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// What the Secret pollard is documented to hold.
var secret = []string{
	"POLLARD_SECRET=dd7d3a2ae1f14b7e90ab55a0e4bd6f1c",
	"POLLARD_ADMIN_TOKEN=0c5f2f1f3fd24f6d8f2f8ffb0a6e1f77",
	"POLLARD_REDIS=redis://redis:6379",
}

// What manifests and Pollard's configuration must agree on. The configuration has to say all of it: there are no defaults here.
type configured struct {
	Drain struct {
		Blackout, Spread, Grace metav1.Duration
		Reconnects              int
	}
	Limits limits
}

type limits struct {
	StoredBytes           string `json:"stored_bytes"`
	Connections, Watchers int
}

// storedBytes is a size such as 128MiB in bytes.
func (l limits) storedBytes(t *testing.T) int64 {
	t.Helper()
	q, err := resource.ParseQuantity(strings.TrimSuffix(l.StoredBytes, "B"))
	if err != nil {
		t.Fatalf("stored_bytes %q: %v", l.StoredBytes, err)
	}
	return q.Value()
}

// configuration reads the ConfigMap that a Deployment mounts.
func configuration(t *testing.T, d *appsv1.Deployment, objects []object) configured {
	t.Helper()
	for _, m := range all[*corev1.ConfigMap](objects) {
		if m.Name != mounted(d) {
			continue
		}
		var c configured
		if err := yaml.Unmarshal([]byte(m.Data["pollard.yml"]), &c); err != nil {
			t.Fatalf("%s: %v", m.Name, err)
		}
		if c.Drain.Grace.Duration == 0 || c.Drain.Blackout.Duration == 0 || c.Drain.Reconnects == 0 || c.Limits.Watchers == 0 {
			t.Fatalf("%s leaves drain or limits.watchers to defaults", m.Name)
		}
		return c
	}
	t.Fatalf("%s mounts the ConfigMap %q, which there is not", d.Name, mounted(d))
	return configured{}
}

// mounted is the name of the ConfigMap that a Deployment's pods mount; "" if none.
func mounted(d *appsv1.Deployment) string {
	for _, v := range d.Spec.Template.Spec.Volumes {
		if v.ConfigMap != nil {
			return v.ConfigMap.Name
		}
	}
	return ""
}

func TestPollardTakesTheConfigurations(t *testing.T) {
	pollard := filepath.Join(t.TempDir(), "pollard")
	build := exec.Command("go", "build", "-C", "../..", "-o", pollard, "./cmd/pollard")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building pollard: %v\n%s", err, out)
	}
	eachOverlay(t, func(t *testing.T, objects []object) {
		for _, m := range all[*corev1.ConfigMap](objects) {
			file := filepath.Join(t.TempDir(), "pollard.yml")
			if err := os.WriteFile(file, []byte(m.Data["pollard.yml"]), 0o600); err != nil {
				t.Fatal(err)
			}
			check := exec.Command(pollard, "check", file)
			check.Env = append(os.Environ(), secret...)
			if out, err := check.CombinedOutput(); err != nil || strings.Contains(string(out), "warning") {
				t.Errorf("pollard check %s: %v\n%s", m.Name, err, out)
			}
		}
	})
}
