package redisstore

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestURLsSayWhereRedisIs(t *testing.T) {
	tests := []struct {
		urls string // separated by spaces
		want endpoints
	}{
		{"redis://127.0.0.1", endpoints{addresses: []string{"127.0.0.1:6379"}, scheme: "redis"}},
		{"redis://[::1]:1/2", endpoints{addresses: []string{"[::1]:1"}, scheme: "redis", database: 2}},
		{"rediss://user:p%40ss@redis.example:1/", endpoints{addresses: []string{"redis.example:1"}, scheme: "rediss", user: "user", pw: "p@ss"}},
		{"redis://a?cluster=true", endpoints{addresses: []string{"a:6379"}, scheme: "redis", cluster: true}},
		{"redis://a redis://b:2", endpoints{addresses: []string{"a:6379", "b:2"}, scheme: "redis", cluster: true}},
		{"redis+sentinel://a/main redis+sentinel://b/main", endpoints{addresses: []string{"a:26379", "b:26379"}, scheme: "redis+sentinel", primary: "main"}},
		{"redis+sentinels://:pw@a/main/3", endpoints{addresses: []string{"a:26379"}, scheme: "redis+sentinels", pw: "pw", primary: "main", database: 3}},
		{"unix:///run/redis.sock?db=1", endpoints{addresses: []string{"/run/redis.sock"}, scheme: "unix", database: 1}},
	}
	for _, test := range tests {
		got, err := parseURLs(parse(t, test.urls))
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v, error %v, want %+v", test.urls, got, err, test.want)
		}
	}
}

func TestURLsThatMakeNoSenseAreRefusedWithoutTheirPassword(t *testing.T) {
	tests := []struct{ urls, want string }{
		{"", "no URL"},
		{"http://:s3cr3t@a", "not the URL of a Redis"},
		{"redis://:s3cr3t@", "no host"},
		{"unix://", "no host"},
		{"redis://:s3cr3t@a/zero", "no number of a database"},
		{"redis://a/-1", "no number of a database"},
		{"redis://a/0/1", "no number of a database"},
		{"redis+sentinel://:s3cr3t@a", "no name of a primary"},
		{"redis://:s3cr3t@a redis://:other@b", "differ in more than the host"},
		{"redis://a rediss://b", "differ in more than the host"},
		{"redis+sentinel://a/main redis+sentinel://b/other", "differ in more than the host"},
		{"unix:///a unix:///b", "several sockets"},
		{"redis://a/1 redis://b/1", "no database but 0"},
	}
	for _, test := range tests {
		err := Check(parse(t, test.urls))
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: got %v, want %q and no password", test.urls, err, test.want)
		}
	}
}

func parse(t *testing.T, texts string) (all []*url.URL) {
	t.Helper()
	for _, text := range strings.Fields(texts) {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		all = append(all, u)
	}
	return all
}

func TestTroublesAreToldInOneLineWithTheWayOut(t *testing.T) {
	plain := &Store{endpoints: endpoints{addresses: []string{"a:1"}, scheme: "redis"}, health: newHealth(0)}
	secured := &Store{endpoints: endpoints{addresses: []string{"a:1"}, scheme: "rediss"}, health: newHealth(0)}
	working := &Store{endpoints: plain.endpoints, health: newHealth(0)}
	working.health.heal()
	watched := &Store{endpoints: endpoints{addresses: []string{"a:1"}, scheme: "redis+sentinel", primary: "main"}, health: newHealth(0)}
	reset := &net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: 40000}, Addr: &net.TCPAddr{Port: 1}, Err: syscall.ECONNRESET}
	tests := []struct {
		store *Store
		err   error
		want  string
	}{
		{plain, answer("LOADING Redis is loading the dataset in memory"), "is loading its data"},
		{plain, answer("MOVED 1 b:1"), "add ?cluster=true"},
		{plain, answer("MISCONF Redis is configured to save RDB snapshots"), "refuses writes"},
		{plain, fmt.Errorf("dial: %w", syscall.ECONNREFUSED), "nobody listens there"},
		{plain, io.EOF, "Then write rediss://"},
		{secured, io.EOF, "write redis:// instead"},
		{secured, tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, "does not speak TLS"},
		{working, io.EOF, "hung up (EOF)"},
		{plain, reset, "(read tcp :1: connection reset by peer)"}, // of whichever port of this end
		{watched, fmt.Errorf("unreachable: %w", errors.Join(errors.New("b"), errors.New("a"))), "redis a:1: unreachable: a; b"},
		{watched, fmt.Errorf("unreachable: %w", redis.Nil), `no primary called "main"`},
		{watched, answer("ERR unknown command 'sentinel', with args beginning with: "), "is no Sentinel"},
		{plain, errors.New("no route to host"), "redis a:1: no route to host"},
	}
	for _, test := range tests {
		got := test.store.explain(test.err)
		if !strings.Contains(got.Error(), test.want) || !errors.Is(got, test.err) || strings.Contains(got.Error(), "\n") {
			t.Errorf("%v: got %q, want %q", test.err, got, test.want)
		}
	}
}

// answer is an error that a server answers with.
type answer string

func (a answer) Error() string { return string(a) }
func (answer) RedisError()     {}

var _ redis.Error = answer("")

func TestMemoryIsReadFromINFO(t *testing.T) {
	got := parseMemory("# Memory\r\nused_memory:900\r\nused_memory_human:900B\r\nmaxmemory:1000\r\n# Stats\r\nevicted_keys:3\r\n")
	if want := (Memory{Used: 900, Limit: 1000, Evicted: 3}); got != want || got.ratio() != 0.9 {
		t.Errorf("got %+v, ratio %v, want %+v", got, got.ratio(), want)
	}
	if got := parseMemory("used_memory:x\r\n"); got != (Memory{}) || got.ratio() != 0 {
		t.Errorf("got %+v, ratio %v, want nothing", got, got.ratio())
	}
}
