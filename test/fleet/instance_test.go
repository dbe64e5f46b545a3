package fleet

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

	program *program.Process // of this start
}

// configure writes the configuration of an instance that is not running. Lines of more belong to its route.
func configure(t *testing.T, upstream string, redis []string, more ...string) *instance {
	in := &instance{front: program.FreeAddress(t), admin: program.FreeAddress(t), config: filepath.Join(t.TempDir(), "pollard.yml")}
	var route strings.Builder
	for _, line := range more {
		fmt.Fprintln(&route, "    "+line)
	}
	text := fmt.Sprintf("listen: %s\nadmin: %s\nupstream: %s\nredis: [%s]\nsecret: 0123456789abcdef\nlog: {polls: false}\ndrain: {grace: 2s}\n"+
		"routes:\n  - name: doc\n    path: /doc\n    interval: %v\n    min_interval: 100ms\n    timeout: 2s\n    holdout: 0\n%s",
		in.front, in.admin, upstream, strings.Join(redis, ", "), interval, route.String())
	if err := os.WriteFile(in.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return in
}

// start starts the program and waits until it serves; together with the others, if it is to be.
func (in *instance) start(t *testing.T) {
	t.Helper()
	p, err := program.Start(exec.Command(pollardPath, "serve", "--config", in.config))
	if err != nil {
		t.Fatal(err)
	}
	in.program = p
	in.eventually(t, asTogether)
}

func (in *instance) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := in.program.Signal(s); err != nil {
		t.Error(err)
	}
}

// What the log says of how an instance is joined with the others.
const (
	asTogether = `asks together with the fleet"` // and hears hints
	asAlone    = "asks for itself"
)

// waiting is how long a test waits for what it expects.
const waiting = 40 * time.Second

// eventually waits until the last line of the log about how the instance is joined has text.
func (in *instance) eventually(t *testing.T, text string) {
	t.Helper()
	eventually(t, func() error {
		log := in.program.Log.String()
		if at := strings.LastIndex(log, "this instance asks"); at < 0 || !strings.Contains(log[at:], text) {
			return fmt.Errorf("%q is not the last of the log:\n%s", text, log)
		}
		return nil
	})
}

func eventually(t *testing.T, try func() error) {
	t.Helper()
	if err := program.Until(waiting, try); err != nil {
		t.Fatal(err)
	}
}
