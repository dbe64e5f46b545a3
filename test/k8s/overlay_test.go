package k8s

import (
	"path/filepath"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// overlays are what is applied, in an order in which one may follow the other in a namespace.
var overlays = []string{
	"../../k8s/overlays/single",
	"../../k8s/overlays/production",
	"testdata/ingress",
	"../../k8s/overlays/zones",
}

// An object is one of those that an overlay makes.
type object struct {
	name string // kind and name
	yaml []byte
	runtime.Object
}

// build makes the objects of an overlay, each decoded into the type of its kind. A field that the type does not have fails the test.
func build(t *testing.T, overlay string) []object {
	t.Helper()
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.FromSlash(overlay))
	if err != nil {
		t.Fatalf("building %s: %v", overlay, err)
	}
	decoder := serializer.NewCodecFactory(scheme(t), serializer.EnableStrict).UniversalDeserializer()
	var objects []object
	for _, r := range made.Resources() {
		name := r.GetKind() + " " + r.GetName()
		yaml, err := r.AsYAML()
		if err != nil {
			t.Fatalf("%s: %s: %v", overlay, name, err)
		}
		decoded, _, err := decoder.Decode(yaml, nil, nil)
		if err != nil {
			t.Fatalf("%s: %s: %v", overlay, name, err)
		}
		objects = append(objects, object{name, yaml, decoded})
	}
	return objects
}

// scheme knows the kinds of Kubernetes, of the Gateway API and of the Prometheus operator.
func scheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientscheme.AddToScheme, gatewayv1.Install, monitoringv1.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// all returns those of the objects that are of one type.
func all[T runtime.Object](objects []object) []T {
	var found []T
	for _, o := range objects {
		if typed, ok := o.Object.(T); ok {
			found = append(found, typed)
		}
	}
	return found
}

// eachOverlay runs a test on the objects of every overlay.
func eachOverlay(t *testing.T, test func(*testing.T, []object)) {
	t.Helper()
	for _, overlay := range overlays {
		t.Run(filepath.Base(overlay), func(t *testing.T) { test(t, build(t, overlay)) })
	}
}
