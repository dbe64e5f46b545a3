package certificates

import (
	"flag"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

var (
	sockets = flag.Int("sockets", 40, "clients that watch; as many poll, up to 100")
	window  = flag.Duration("window", 500*time.Millisecond, "drain.spread")
)

// pollardPath is where TestMain has built the program; read-only from then on.
var pollardPath string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(program.Main(m, &pollardPath))
}

// pollard is a running `pollard serve`.
type pollard struct {
	t       *testing.T
	config  string // path
	program *program.Process
	front   string // address of the front door
	admin   string // URL of the admin listener
}

// serve starts the program. It ends with the test.
func serve(t *testing.T, configuration string) *pollard {
	t.Helper()
	p := &pollard{t: t, config: filepath.Join(t.TempDir(), "pollard.yml")}
	p.configure(configuration)
	var err error
	if p.program, err = program.Start(exec.Command(pollardPath, "serve", "--config", p.config)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.program.Stop(t) })
	p.front, p.admin = p.program.Front, "http://"+p.program.Admin
	return p
}

func (p *pollard) configure(configuration string) {
	p.t.Helper()
	if err := os.WriteFile(p.config, []byte(configuration), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// notAfter returns when a role's certificate ends, by the metrics.
func (p *pollard) notAfter(role string) time.Time {
	p.t.Helper()
	at := p.metric(`pollard_certificate_not_after_seconds{role="` + role + `"}`)
	return time.Unix(int64(at), 0)
}

// metric returns a series' value, -1 where there is none.
func (p *pollard) metric(series string) float64 {
	p.t.Helper()
	resp, err := http.Get(p.admin + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), series+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			return n
		}
	}
	return -1
}

// patience is how long a test waits for what it expects, beyond what that takes.
const patience = 40 * time.Second

// eventually tries until it succeeds or patience has run out, and returns how long
// it took.
func (p *pollard) eventually(what string, try func() error) time.Duration {
	p.t.Helper()
	began := time.Now()
	if err := program.Until(patience+2**window, try); err != nil {
		p.t.Fatalf("waiting until %s: %v", what, err)
	}
	return time.Since(began)
}
