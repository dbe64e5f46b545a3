package leaving

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/program"
)

// aheadOf is an nginx as an ingress is: it keeps connections to those behind it, and asks nobody twice.
const aheadOf = `
%sdaemon off;
worker_processes 1;
pid %[2]s/nginx.pid;
error_log %[2]s/error.log warn;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path %[2]s/body;
  proxy_temp_path %[2]s/proxy;
  fastcgi_temp_path %[2]s/fastcgi;
  uwsgi_temp_path %[2]s/uwsgi;
  scgi_temp_path %[2]s/scgi;
  upstream pollard { server %[4]s; keepalive 16; }
  server {
    listen %[3]s;
    location / {
      proxy_pass http://pollard;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_next_upstream off;
    }
  }
}
`

// ingress starts an nginx in front of an address, until the test ends, and returns where it listens. What it has
// complained of is a failure.
func ingress(t *testing.T, to string) (addr string) {
	t.Helper()
	path, err := exec.LookPath("nginx")
	if err != nil {
		t.Fatalf("%v: test/tools/setup test installs it", err)
	}
	dir, user := t.TempDir(), ""
	if os.Getuid() == 0 {
		user = "user root;\n" // the folder is its owner's alone
	}
	addr = program.FreeAddress(t)
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, aheadOf, user, dir, addr, to), 0o600); err != nil {
		t.Fatal(err)
	}
	complaints := filepath.Join(dir, "error.log")
	cmd := exec.Command(path, "-c", config, "-p", dir, "-e", complaints)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()                          // with whatever code: what it complained of says more
		if t.Skipped() {
			return // it complained of what the test was skipped for
		}
		if said, err := os.ReadFile(complaints); err != nil || len(strings.TrimSpace(string(said))) > 0 {
			t.Errorf("nginx complained, %v:\n%s", err, said)
		}
	})
	err = program.Until(15*time.Second, func() error {
		conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	return addr
}
