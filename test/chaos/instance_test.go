package chaos

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// pollardPath is where TestMain has built the program; read-only from then on.
var pollardPath string

func TestMain(m *testing.M) { os.Exit(program.Main(m, &pollardPath)) }

// instance is one `pollard serve`, on addresses that it keeps when it is started again.
type instance struct {
	front, admin string // addresses
	config       string // path
	disk         disk   // of its state

	program *program.Process // of this start, like its pid
	pid     int
}

// name is what instances look the upstream up by, and at is where that is.
const name, at = "fleet.test", "127.0.0.1"

// deploy starts an instance between a scene's Redis and one of its upstream's doors.
func (s *scene) deploy(t *testing.T, door int, d disk) *instance {
	t.Helper()
	_, port, err := net.SplitHostPort(s.upstream.doors[door].Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	in := &instance{front: program.FreeAddress(t), admin: program.FreeAddress(t), config: filepath.Join(t.TempDir(), "pollard.yml"), disk: d}
	text := fmt.Sprintf(`
listen: %s
admin: %s
upstream: dns+http://%s:%s
endpoints: {resolver: %s, resolve: 200ms}
redis: redis://%s
state: %s
tls: {certificate: %s, key: %s}
secret: 0123456789abcdef
log: {polls: false}
limits: {watchers_per_identity: 0, idle_timeout: 1h}
drain: {grace: 2s}
routes:
  - {name: own, path: /own, stage: push, interval: 200ms, min_interval: 100ms, timeout: 1s, holdout: 0, store_private: true}
  - {name: all, path: /all, stage: push, interval: 200ms, min_interval: 100ms, timeout: 1s, holdout: 0, share: everything}
`, in.front, in.admin, name, port, s.names.Address, s.redis.Addr, in.disk.path, s.pairs.certificate, s.pairs.key)
	if err := os.WriteFile(in.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in.start(t)
	t.Cleanup(func() { in.program.Stop(t) })
	return in
}

// descriptors are how many files and connections an instance may have open.
const descriptors = 256

func (in *instance) start(t *testing.T) {
	t.Helper()
	limited := fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, descriptors)
	command := []string{"sh", "-c", limited, pollardPath, "serve", "--config", in.config}
	cmd := exec.Command(command[0], command[1:]...)
	if in.disk.small {
		cmd = in.disk.on(command...)
	}
	p, err := program.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	in.program, in.pid = p, cmd.Process.Pid
}

func (in *instance) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := in.program.Signal(s); err != nil {
		t.Error(err)
	}
}

// standStill stops the process as a machine does that hangs, for a time.
func (in *instance) standStill(t *testing.T, length time.Duration) {
	t.Helper()
	in.signal(t, syscall.SIGSTOP)
	rest(t.Context(), length)
	in.signal(t, syscall.SIGCONT)
}

// restart stops the instance as it wants to be stopped, and starts it.
func (in *instance) restart(t *testing.T) {
	t.Helper()
	in.signal(t, syscall.SIGTERM)
	if err := in.program.Exits(0); err != nil {
		t.Errorf("%v\n%s", err, in.program.Log)
	}
	in.start(t)
}

// figures are an instance's metrics, by series.
type figures map[string]float64

func (in *instance) figures() (figures, error) {
	resp, err := http.Get("http://" + in.admin + "/metrics")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	all := figures{}
	for line := range strings.Lines(string(text)) {
		series, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		all[series] = n
	}
	return all, nil
}

// sum adds up the series of a metric.
func (f figures) sum(metric string) (total float64) {
	for series, value := range f {
		if name, _, _ := strings.Cut(series, "{"); name == metric {
			total += value
		}
	}
	return total
}
