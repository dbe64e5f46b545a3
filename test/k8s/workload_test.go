package k8s

import (
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// container returns the one container of a Deployment's pods.
func container(t *testing.T, d *appsv1.Deployment) corev1.Container {
	t.Helper()
	if n := len(d.Spec.Template.Spec.Containers); n != 1 {
		t.Fatalf("%s has %d containers, want 1", d.Name, n)
	}
	return d.Spec.Template.Spec.Containers[0]
}

func TestKillingWaitsLongerThanLeavingTakes(t *testing.T) {
	eachOverlay(t, func(t *testing.T, objects []object) {
		for _, d := range all[*appsv1.Deployment](objects) {
			c := configuration(t, d, objects)
			patience := time.Duration(*d.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
			if leaving := c.Drain.Blackout.Duration + c.Drain.Spread.Duration + c.Drain.Grace.Duration; patience <= leaving {
				t.Errorf("%s: terminationGracePeriodSeconds is %v, leaving takes up to %v", d.Name, patience, leaving)
			}
			if d.Spec.Template.Spec.Containers[0].Lifecycle != nil {
				t.Errorf("%s has a hook, whose time is taken from terminationGracePeriodSeconds", d.Name)
			}
		}
	})
}

func TestAllWatchersCanBeToldInTurn(t *testing.T) {
	eachOverlay(t, func(t *testing.T, objects []object) {
		for _, d := range all[*appsv1.Deployment](objects) {
			c := configuration(t, d, objects)
			if can := c.Drain.Reconnects * int(c.Drain.Grace.Duration/2/time.Second); can < c.Limits.Watchers {
				t.Errorf("%s: half of the grace is enough for %d watchers, there may be %d", d.Name, can, c.Limits.Watchers)
			}
		}
	})
}

func TestReadyFailsFastAndLiveSlowly(t *testing.T) {
	eachOverlay(t, func(t *testing.T, objects []object) {
		for _, d := range all[*appsv1.Deployment](objects) {
			c := container(t, d)
			ready, live := c.ReadinessProbe, c.LivenessProbe
			if took := ready.PeriodSeconds * ready.FailureThreshold; took > 5 {
				t.Errorf("%s is unready %d s after it has failed, want 5 at most", d.Name, took)
			}
			if took := live.PeriodSeconds * live.FailureThreshold; took < 60 {
				t.Errorf("%s is restarted %d s after it has failed, want 60 at least", d.Name, took)
			}
			if got := ready.HTTPGet.Path + " " + live.HTTPGet.Path; got != "/readyz /livez" {
				t.Errorf("%s: probes ask %s", d.Name, got)
			}
		}
	})
}

func TestGoKnowsItsLimits(t *testing.T) {
	eachOverlay(t, func(t *testing.T, objects []object) {
		for _, d := range all[*appsv1.Deployment](objects) {
			c := container(t, d)
			if c.Resources.Limits.Cpu().IsZero() {
				t.Errorf("%s has no CPU limit, which GOMAXPROCS follows", d.Name)
			}
			i := slices.IndexFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == "GOMEMLIMIT" })
			if i < 0 || c.Env[i].ValueFrom == nil || c.Env[i].ValueFrom.ResourceFieldRef == nil {
				t.Fatalf("%s has no GOMEMLIMIT by the downward API", d.Name)
			}
			if of := c.Env[i].ValueFrom.ResourceFieldRef.Resource; of != "requests.memory" {
				t.Errorf("%s: GOMEMLIMIT is %s", d.Name, of)
			}
			asked, limit := c.Resources.Requests.Memory().Value(), c.Resources.Limits.Memory().Value()
			if limit < asked+asked/5 {
				t.Errorf("%s: beyond GOMEMLIMIT there are %d bytes, want a fifth of it at least", d.Name, limit-asked)
			}
			if stored := configuration(t, d, objects).Limits.storedBytes(t); stored > asked/2 {
				t.Errorf("%s may store %d bytes of GOMEMLIMIT's %d", d.Name, stored, asked)
			}
		}
	})
}

func TestPodsAreRestricted(t *testing.T) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	eachOverlay(t, func(t *testing.T, objects []object) {
		for _, d := range all[*appsv1.Deployment](objects) {
			pod := d.Spec.Template
			for _, result := range evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec) {
				if !result.Allowed {
					t.Errorf("%s: %s: %s", d.Name, result.ForbiddenReason, result.ForbiddenDetail)
				}
			}
			if s := container(t, d).SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
				t.Errorf("%s may write to its root file system", d.Name)
			}
			if token := pod.Spec.AutomountServiceAccountToken; token == nil || *token {
				t.Errorf("%s mounts a token, and asks the API server for nothing", d.Name)
			}
		}
	})
}

// A ConfigMap under another name starts new pods, and a file of it that is mounted is never swapped.
func TestConfigurationIsReloadedInPlace(t *testing.T) {
	eachOverlay(t, func(t *testing.T, objects []object) {
		for _, d := range all[*appsv1.Deployment](objects) {
			configuration(t, d, objects)
			for _, m := range container(t, d).VolumeMounts {
				if m.SubPath != "" {
					t.Errorf("%s mounts a file, %s", d.Name, m.SubPath)
				}
			}
		}
	})
	got := build(t, "../../k8s/overlays/single")
	for _, m := range all[*corev1.ConfigMap](got) {
		if m.Name != "pollard" {
			t.Errorf("the ConfigMap is named %s, want pollard", m.Name)
		}
	}
}

func TestImagesAreOfOneVersion(t *testing.T) {
	eachOverlay(t, func(t *testing.T, objects []object) {
		for _, d := range all[*appsv1.Deployment](objects) {
			if image := container(t, d).Image; !tagged(image) {
				t.Errorf("%s runs %s, which may be another one tomorrow", d.Name, image)
			}
		}
	})
}
