package k8s

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// token is the one that the API server under test knows.
const token = "kubernetes-admin-of-a-test"

// crds are the definitions of kinds that are not Kubernetes' own: a module and its version, and files of it.
var crds = map[string][]string{
	"sigs.k8s.io/gateway-api@v1.6.3": {
		"config/crd/standard/gateway.networking.k8s.io_httproutes.yaml",
	},
	"github.com/prometheus-operator/prometheus-operator@v0.93.1": {
		"example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
		"example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
	},
}

// TestAPIServerTakesEveryOverlay applies them one after the other, as if a fleet grew: what one has made, the next must be able to
// change. Nothing else runs than the API server, so it creates the pods itself, to be admitted and no more.
func TestAPIServerTakesEveryOverlay(t *testing.T) {
	if *apiserver == "" || *etcd == "" {
		t.Skip("needs -apiserver and -etcd: make test-k8s-apiserver builds both, which takes minutes")
	}
	c := startAPIServer(t)
	for module, files := range crds {
		define(t, c, module, files)
	}
	for _, overlay := range overlays {
		t.Run(filepath.Base(overlay), func(t *testing.T) {
			objects := build(t, overlay)
			for _, o := range objects {
				apply(t, c, o)
			}
			for _, d := range all[*appsv1.Deployment](objects) {
				admit(t, c, d)
			}
		})
	}
}

// A cluster is an API server, and the plural names of its kinds.
type cluster struct{ *rest.RESTClient }

// apply has the server apply an object, unknown fields being errors. A warning fails the test.
func apply(t *testing.T, c cluster, o object) {
	t.Helper()
	var meta metav1.PartialObjectMetadata
	if err := yaml.Unmarshal(o.yaml, &meta); err != nil {
		t.Fatal(err)
	}
	path, err := c.path(t.Context(), meta)
	if err != nil {
		t.Fatalf("%s: %v", o.name, err)
	}
	result := c.Patch(types.ApplyPatchType).AbsPath(path).Body(o.yaml).
		Param("fieldManager", "test").Param("fieldValidation", "Strict").Do(t.Context())
	for _, w := range result.Warnings() {
		t.Errorf("%s: %s", o.name, w.Text)
	}
	if err := result.Error(); err != nil {
		t.Errorf("%s: %v", o.name, err)
	}
}

// path is where an object is in the API.
func (c cluster) path(ctx context.Context, o metav1.PartialObjectMetadata) (string, error) {
	group := "/apis/" + o.APIVersion
	if !strings.Contains(o.APIVersion, "/") {
		group = "/api/" + o.APIVersion
	}
	data, err := c.Get().AbsPath(group).DoRaw(ctx)
	if err != nil {
		return "", fmt.Errorf("asking for the kinds of %s: %w", o.APIVersion, err)
	}
	var kinds metav1.APIResourceList
	if err := json.Unmarshal(data, &kinds); err != nil {
		return "", fmt.Errorf("reading the kinds of %s: %w", o.APIVersion, err)
	}
	for _, r := range kinds.APIResources {
		switch {
		case r.Kind != o.Kind || strings.Contains(r.Name, "/"):
		case r.Namespaced && o.Namespace == "":
			return "", fmt.Errorf("a %s needs a namespace", o.Kind)
		case r.Namespaced:
			return group + "/namespaces/" + o.Namespace + "/" + r.Name + "/" + o.Name, nil
		default:
			return group + "/" + r.Name + "/" + o.Name, nil
		}
	}
	return "", fmt.Errorf("%s has no kind %s", o.APIVersion, o.Kind)
}

// admit has a pod of a Deployment judged as its controller would: the namespace enforces restricted.
func admit(t *testing.T, c cluster, d *appsv1.Deployment) {
	t.Helper()
	pod := corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: d.Spec.Template.ObjectMeta,
		Spec:       d.Spec.Template.Spec,
	}
	pod.Name, pod.Namespace = d.Name, d.Namespace
	if err := c.dryRun(t.Context(), pod); err != nil {
		t.Errorf("a pod of %s: %v", d.Name, err)
	}
	// That it is judged at all.
	pod.Spec.HostNetwork = true
	if err := c.dryRun(t.Context(), pod); !apierrors.IsForbidden(err) {
		t.Errorf("a pod of %s in the network of its node: got %v, want it forbidden", d.Name, err)
	}
}

func (c cluster) dryRun(ctx context.Context, pod corev1.Pod) error {
	body, err := json.Marshal(pod)
	if err != nil {
		return err
	}
	return c.Post().AbsPath("/api/v1/namespaces/"+pod.Namespace+"/pods").
		Param("dryRun", "All").Param("fieldValidation", "Strict").
		SetHeader("Content-Type", "application/json").Body(body).Do(ctx).Error()
}

// define makes kinds known, and waits until they are served.
func define(t *testing.T, c cluster, module string, files []string) {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	if err != nil {
		t.Fatalf("downloading %s: %v", module, err)
	}
	var at struct{ Dir string }
	if err := json.Unmarshal(out, &at); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data := read(t, filepath.Join(at.Dir, filepath.FromSlash(file)))
		apply(t, c, object{name: file, yaml: data})
		var definition struct {
			Metadata struct{ Name string }
		}
		if err := yaml.Unmarshal(data, &definition); err != nil {
			t.Fatal(err)
		}
		path := "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + definition.Metadata.Name
		await(t, definition.Metadata.Name, func(ctx context.Context) bool {
			data, err := c.Get().AbsPath(path).DoRaw(ctx)
			return err == nil && strings.Contains(string(data), `"type":"Established","status":"True"`)
		})
	}
}

// startAPIServer runs an API server with an etcd of its own until the test has ended.
func startAPIServer(t *testing.T) cluster {
	t.Helper()
	folder := t.TempDir()
	client, peer, secure := freeAddress(t), freeAddress(t), freeAddress(t)
	_, port, err := net.SplitHostPort(secure)
	if err != nil {
		t.Fatal(err)
	}
	tokens := filepath.Join(folder, "tokens.csv")
	if err := os.WriteFile(tokens, []byte(token+",admin,admin,system:masters\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, *etcd, "--data-dir="+filepath.Join(folder, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls=http://"+client, "--advertise-client-urls=http://"+client, "--listen-peer-urls=http://"+peer,
		"--initial-advertise-peer-urls=http://"+peer, "--initial-cluster=default=http://"+peer)
	certificates := filepath.Join(folder, "certificates")
	key := writeKey(t, filepath.Join(folder, "accounts.key"))
	run(t, *apiserver, "--etcd-servers=http://"+client, "--cert-dir="+certificates, "--bind-address=127.0.0.1", "--secure-port="+port,
		"--token-auth-file="+tokens, "--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24",
		"--service-account-issuer=https://"+secure, "--service-account-key-file="+key, "--service-account-signing-key-file="+key)

	authority := filepath.Join(certificates, "apiserver.crt")
	await(t, authority, func(context.Context) bool { _, err := os.Stat(authority); return err == nil })
	c, err := rest.UnversionedRESTClientFor(&rest.Config{
		Host: "https://" + secure, BearerToken: token, QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{CAFile: authority},
		ContentConfig:   rest.ContentConfig{NegotiatedSerializer: clientscheme.Codecs.WithoutConversion()},
	})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the API server", func(ctx context.Context) bool {
		return c.Get().AbsPath("/readyz").Do(ctx).Error() == nil
	})
	return cluster{c}
}

// writeKey makes a private key, and returns its file.
func writeKey(t *testing.T, file string) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// run runs a program until the test has ended; its output is the test's if that failed.
func run(t *testing.T, program string, args ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		log.Close()
		if t.Failed() {
			t.Logf("%s:\n%s", program, read(t, log.Name()))
		}
	})
}

// await waits until something is so.
func await(t *testing.T, what string, is func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for !is(ctx) {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("waited two minutes for %s", what)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
