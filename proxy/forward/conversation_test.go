package forward

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain fails if anything of this package still runs when everything has been closed.
func TestMain(m *testing.M) {
	status := m.Run()
	if left := stillRunning(time.Now().Add(5 * time.Second)); left != "" && status == 0 {
		fmt.Fprintf(os.Stderr, "goroutines left over:\n%s\n", left)
		status = 1
	}
	os.Exit(status)
}

// stillRunning returns the stacks of all other goroutines if one of them is in this package,
// once the deadline has passed, else "".
func stillRunning(deadline time.Time) string {
	stacks := make([]byte, 1<<20)
	for {
		n := runtime.Stack(stacks, true)
		_, others, _ := strings.Cut(string(stacks[:n]), "\n\n")
		if !strings.Contains(others, "proxy/forward.") {
			return ""
		}
		if time.Now().After(deadline) {
			return others
		}
		runtime.Gosched()
	}
}

// A talker is one end of a connection in a conversation. Its methods fail the test.
type talker struct {
	net.Conn
	t  testing.TB
	br *bufio.Reader
}

func newTalker(t testing.TB, c net.Conn) *talker {
	c.SetDeadline(time.Now().Add(20 * time.Second)) // a conversation that stalls is a failure
	return &talker{Conn: c, t: t, br: bufio.NewReader(c)}
}

func (k *talker) say(format string, args ...any) {
	k.t.Helper()
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	if _, err := io.WriteString(k.Conn, text); err != nil {
		k.t.Errorf("say %.40q: %v", text, err)
	}
}

// head returns what the other end says up to and including an empty line, or "" at its end.
func (k *talker) head() string {
	k.t.Helper()
	var b strings.Builder
	for {
		line, err := k.br.ReadString('\n')
		b.WriteString(line)
		if err == io.EOF && b.Len() == 0 {
			return ""
		}
		if err != nil {
			k.t.Errorf("head: %v after %q", err, b.String())
			return b.String()
		}
		if line == "\r\n" {
			return b.String()
		}
	}
}

// hears reads exactly what the other end is expected to say.
func (k *talker) hears(want string) {
	k.t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(k.br, got)
	if string(got[:n]) != want {
		k.t.Errorf("heard %q (%v), want %q", got[:n], err, want)
	}
}

// rest returns everything up to the other end's end.
func (k *talker) rest() string {
	k.t.Helper()
	b, err := io.ReadAll(k.br)
	if err != nil {
		k.t.Errorf("rest: %v after %.80q", err, b)
	}
	return string(b)
}

// broken reads up to the end and reports what came; that end may be a reset.
func (k *talker) broken() string {
	b, _ := io.ReadAll(k.br)
	return string(b)
}

// reset makes Close send a RST.
func (k *talker) reset() {
	k.Conn.(*net.TCPConn).SetLinger(0)
	k.Close()
}

// upstream listens and talks to each connection by script, in a goroutine of its own; the
// connection is closed when that returns.
func upstream(t testing.TB, script func(*talker)) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	converse(t, l, script)
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

// converse plays the script on each connection to l, until the test is over.
func converse(t testing.TB, l net.Listener, script func(*talker)) {
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				script(newTalker(t, c))
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
}

// answering is an upstream that answers each request of a connection with the same bytes, and
// sends what it received to heads.
func answering(t testing.TB, response string) (u *url.URL, heads chan string) {
	heads = make(chan string, 100)
	return upstream(t, func(k *talker) {
		for {
			h := k.head()
			if h == "" {
				return
			}
			heads <- h
			k.say("%s", response)
			if strings.Contains(response, "Connection: close") {
				return
			}
		}
	}), heads
}

// A door is a server in front of a Forwarder.
type door struct {
	*httptest.Server
	forwarder *Forwarder
	results   chan Result

	mu   sync.Mutex
	sent int
}

func (d *door) attempts() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sent
}

// front puts a server and a Forwarder in front of u. Its handler answers failures as proxy
// does.
func front(t testing.TB, u *url.URL, configure ...func(*Options)) *door {
	t.Helper()
	return frontWith(t, u, func(*Exchange) {}, configure...)
}

func frontWith(t testing.TB, u *url.URL, adapt func(*Exchange), configure ...func(*Options)) *door {
	t.Helper()
	o := Options{Terms: Terms{Upstream: Upstream{u}}, Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for _, c := range configure {
		c(&o)
	}
	d := &door{forwarder: New(o), results: make(chan Result, 1000)}
	d.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := Exchange{Target: r.RequestURI, Failed: failed, Sent: d.count}
		adapt(&x)
		result := d.forwarder.Pass(w, r, x)
		d.results <- result
		if result.Broken {
			panic(http.ErrAbortHandler)
		}
	}))
	d.Config.Protocols = new(http.Protocols)
	d.Config.Protocols.SetHTTP1(true)
	d.Config.Protocols.SetUnencryptedHTTP2(true)
	d.Start()
	t.Cleanup(func() { d.CloseClientConnections(); d.Close(); d.forwarder.Close() })
	return d
}

func (d *door) count() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sent++
}

func failed(w http.ResponseWriter, err error) {
	for kind, status := range map[error]int{
		ErrUnreachable: 502, ErrGarbage: 502, ErrTimeout: 504, ErrRequest: 400,
	} {
		if errors.Is(err, kind) {
			http.Error(w, kind.Error(), status)
			return
		}
	}
	http.Error(w, "not one of ours: "+err.Error(), 500)
}

// client connects to d.
func (d *door) client(t testing.TB) *talker {
	t.Helper()
	c, err := net.Dial("tcp", d.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return newTalker(t, c)
}

// ask sends one request on a connection of its own and returns all that comes back.
func (d *door) ask(t testing.TB, request string) string {
	t.Helper()
	k := d.client(t)
	k.say("%s", request)
	return k.rest()
}

// get asks for / and closes.
const get = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

// ok is the plainest response.
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// pattern is an endless body that costs nothing.
type pattern struct{}

func (pattern) Read(p []byte) (int, error) { return len(p), nil }

func repeated(n int) string { return strings.Repeat("x", n) }
