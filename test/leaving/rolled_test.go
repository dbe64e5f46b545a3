package leaving

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// rolled is an instance that is restarted, on addresses that it keeps.
type rolled struct {
	front, admin string // addresses
	config       string // path

	program *program.Process // of this start
}

// deploy starts an instance, which is killed when the test ends: nobody is there any more to notice.
func deploy(t *testing.T, upstream string, blackout, spread time.Duration) *rolled {
	t.Helper()
	in := &rolled{front: program.FreeAddress(t), admin: program.FreeAddress(t), config: filepath.Join(t.TempDir(), "pollard.yml")}
	text := fmt.Sprintf(`
listen: %s
admin: %s
upstream: %s
secret: 0123456789abcdef
h2c: true
log: {polls: false}
limits: {watchers_per_identity: 0}
drain: {blackout: %v, spread: %v, reconnects: 1000, grace: 60s}
routes:
  - {name: doc, path: /*, stage: push, interval: 500ms, holdout: 0}
`, in.front, in.admin, upstream, blackout, spread)
	if err := os.WriteFile(in.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in.start(t)
	t.Cleanup(func() {
		in.program.Kill()
		if t.Failed() {
			t.Log(in.program.Log)
		}
	})
	return in
}

func (in *rolled) start(t *testing.T) {
	t.Helper()
	p, err := program.Start(exec.Command(pollardPath, "serve", "--config", in.config))
	if err != nil {
		t.Fatal(err)
	}
	in.program = p
}

// nothingCut is what an instance says that has left as it should.
var nothingCut = regexp.MustCompile(`msg=stopped .*requests_cut=0 .*tunnels_cut=0`)

// roll restarts the instance once it has left.
func (in *rolled) roll(t *testing.T) {
	t.Helper()
	if err := in.program.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := in.program.Exits(0); err != nil {
		t.Fatalf("%v\n%s", err, in.program.Log)
	}
	if log := in.program.Log.String(); !nothingCut.MatchString(log) {
		t.Errorf("got no %v in\n%s", nothingCut, log)
	}
	in.start(t)
}

// still is the tag of what never changes.
const still = `"still"`

// application answers polls of /doc with a state that changes five times a second, and of /still with one that never
// does. It takes its time over anything else.
func application(t *testing.T) string {
	began := time.Now()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			select {
			case <-time.After(300 * time.Millisecond):
			case <-r.Context().Done():
			}
			fmt.Fprint(w, "done")
			return
		}
		tag := still
		if r.URL.Path == "/doc" {
			tag = fmt.Sprintf(`"%d"`, time.Since(began)/(200*time.Millisecond))
		}
		w.Header().Set("ETag", tag)
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprintf(w, `{"state":%s}`, tag)
	}))
	t.Cleanup(s.Close)
	return s.URL
}
