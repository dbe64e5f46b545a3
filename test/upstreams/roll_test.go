package upstreams

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/test/nameserver"
	"github.com/pollard-proxy/pollard/test/program"
)

var rolls = flag.Int("rolls", 4, "instances that are stopped and replaced, in each test")

// between is how many requests are answered between two steps of a roll.
const between = 60

// pollardPath is where TestMain has built the program; read-only from then on.
var pollardPath string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(program.Main(m, &pollardPath))
}

// serve starts the program in front of an upstream.
func serve(t *testing.T, upstream, endpoints string) *program.Process {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pollard.yml")
	configuration := fmt.Sprintf(`
listen: 127.0.0.1:0
admin: 127.0.0.1:0
upstream: %s
endpoints: %s
secret: 0123456789abcdef
log: {polls: false}
routes:
  - {name: doc, path: /doc, stage: coalesce, interval: 20ms, min_interval: 20ms, holdout: 0}
`, upstream, endpoints)
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := program.Start(exec.Command(pollardPath, "serve", "--config", file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(t) })
	return p
}

// instances starts three, on one port of addresses that nothing else of this machine uses.
func (a *application) instances(t *testing.T) (all []*instance, port string) {
	all = []*instance{a.start(t, "127.0.7.1:0")}
	_, port, err := net.SplitHostPort(all[0].address)
	if err != nil {
		t.Fatal(err)
	}
	return append(all, a.start(t, "127.0.7.2:"+port), a.start(t, "127.0.7.3:"+port)), port
}

func TestNobodyNoticesThatInstancesOfAListAreRolled(t *testing.T) {
	rollList(t, (*instance).stop)
}

// Reads go elsewhere; a write that was under way is refused, because it may have been made.
func TestNoReadFailsThoughInstancesOfAListAreKilled(t *testing.T) {
	rollList(t, (*instance).kill)
}

func rollList(t *testing.T, end func(*instance, *testing.T)) {
	t.Helper()
	app := &application{writes: map[string]int{}}
	all, _ := app.instances(t)
	p := serve(t, fmt.Sprintf("[http://%s, http://%s, http://%s]", all[0].address, all[1].address, all[2].address), "{eject: 200ms}")
	tr, stop := drive(t, p.Front)
	for i := range *rolls {
		tr.goesOn(between)
		old := all[i%len(all)]
		end(old, t)
		tr.goesOn(between)
		all[i%len(all)] = app.start(t, old.address)
		all[i%len(all)].serves(t)
	}
	stop()
	tr.judge(app, p)
}

func TestNobodyNoticesThatInstancesAreRolledThoughDNSNoticesLate(t *testing.T) {
	app, names := &application{writes: map[string]int{}}, nameserver.Start(t)
	all, port := app.instances(t)
	tell := func() {
		var hosts []string
		for _, i := range all {
			hosts = append(hosts, strings.TrimSuffix(i.address, ":"+port))
		}
		names.Host("web.test", hosts...)
	}
	tell()
	p := serve(t, "dns+http://web.test:"+port, fmt.Sprintf("{resolve: 100ms, resolver: %q}", names.Address))
	tr, stop := drive(t, p.Front)
	for i := range *rolls {
		tr.goesOn(between)
		old := all[i%len(all)]
		all[i%len(all)] = app.start(t, fmt.Sprintf("127.0.%d.%d:%s", 8+i/200, 1+i%200, port))
		old.stop(t)
		tr.goesOn(between) // and nobody has told
		tell()
		all[i%len(all)].serves(t)
	}
	stop()
	tr.judge(app, p)
}

// judge holds what clients saw to what the application did.
func (tr *traffic) judge(app *application, p *program.Process) {
	t := tr.t
	t.Helper()
	for what, times := range tr.wrong {
		t.Errorf("%d times %s", times, what)
	}
	made := map[string]bool{}
	for _, id := range tr.made {
		made[id] = true
		if app.writes[id] != 1 {
			t.Errorf("%s was made %d times", id, app.writes[id])
		}
	}
	for id, times := range app.writes {
		if times > 1 && !made[id] {
			t.Errorf("%s was made %d times, and refused", id, times)
		}
	}
	counted := calls(t, p)
	if counted < app.requests() {
		t.Errorf("counted %d attempts, but %d have come", counted, app.requests())
	}
	t.Logf("%d rolls: %d answers, %d writes, %d refused with 502; of %d attempts %d have come",
		*rolls, tr.answered.Load(), len(tr.made), tr.refused, counted, app.requests())
}

// calls returns how many attempts the program has counted.
func calls(t *testing.T, p *program.Process) int {
	t.Helper()
	resp, err := http.Get("http://" + p.Admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	sum := 0.0
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), " "); strings.HasPrefix(name, "pollard_upstream_requests_total{") {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += n
		}
	}
	return int(sum)
}
