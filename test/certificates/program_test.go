package certificates

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
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

// An upstream speaks TLS and wants a certificate of whoever connects. It notes the
// serial number of each.
type upstream struct {
	*httptest.Server
	state atomic.Int64

	mu      sync.Mutex
	serials map[string]bool // since last forgotten; guarded by mu
}

func newUpstream(t *testing.T, a *authority) *upstream {
	u := &upstream{serials: map[string]bool{}}
	u.Server = httptest.NewUnstartedServer(u)
	u.TLS = &tls.Config{Certificates: []tls.Certificate{a.issue(300 * 24 * time.Hour).tls()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.pool()}
	u.StartTLS()
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.serials[r.TLS.PeerCertificates[0].SerialNumber.String()] = true
	u.mu.Unlock()
	tag := fmt.Sprintf(`"%d"`, u.state.Load())
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Type", "application/json")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	fmt.Fprintf(w, `{"state":%s}`, strings.Trim(tag, `"`))
}

// seen returns the certificates that were presented since it was asked last.
func (u *upstream) seen() map[string]bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	seen := u.serials
	u.serials = map[string]bool{}
	return seen
}

// pollard is a running `pollard serve`.
type pollard struct {
	t      *testing.T
	cmd    *exec.Cmd
	config string // path
	log    *program.Transcript
	front  string // address of the front door
	admin  string // URL of the admin listener
	exited chan struct{}
}

var serving = regexp.MustCompile(`msg=serving listen=(\S+) admin=(\S+)`)

func serve(t *testing.T, configuration string) *pollard {
	t.Helper()
	p := &pollard{t: t, config: filepath.Join(t.TempDir(), "pollard.yml"), log: &program.Transcript{}, exited: make(chan struct{})}
	p.configure(configuration)
	p.cmd = exec.Command(pollardPath, "serve", "--config", p.config)
	p.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // the detector's second would be most of the time
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit code is in cmd.ProcessState
		close(p.exited)
	}()
	t.Cleanup(p.stop)
	p.eventually("it serves", func() error {
		found := serving.FindStringSubmatch(p.log.String())
		if found == nil {
			return errors.New("no such line")
		}
		p.front, p.admin = found[1], "http://"+found[2]
		return nil
	})
	return p
}

func (p *pollard) configure(configuration string) {
	p.t.Helper()
	if err := os.WriteFile(p.config, []byte(configuration), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pollard) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have exited, which is seen next
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Error("it goes on running")
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
	for _, sign := range []string{"panic", "DATA RACE"} {
		if strings.Contains(p.log.String(), sign) {
			p.t.Errorf("%s in the log", sign)
		}
	}
	if p.t.Failed() {
		p.t.Log(p.log.String())
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
const patience = 30 * time.Second

// eventually tries until it succeeds or patience has run out, and returns how long
// it took.
func (p *pollard) eventually(what string, try func() error) time.Duration {
	p.t.Helper()
	began := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience + *window)
	for {
		err := try()
		if err == nil {
			return time.Since(began)
		}
		select {
		case <-tick.C:
		case <-deadline:
			p.t.Fatalf("waiting until %s: %v", what, err)
		}
	}
}
