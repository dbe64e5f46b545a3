package redisstore_test

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/test/redistest"
	"github.com/pollard-proxy/pollard/test/storetest"
)

// startCluster starts a Cluster of two servers, each with half of the slots.
func startCluster(t *testing.T) [2]*redistest.Server {
	t.Helper()
	var nodes [2]*redistest.Server
	for i, slots := range [][]string{{"0", "8191"}, {"8192", "16383"}} {
		nodes[i] = redistest.Start(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")
		nodes[i].Do(t, append([]string{"CLUSTER", "ADDSLOTSRANGE"}, slots...)...)
	}
	host, port, err := net.SplitHostPort(nodes[1].Addr)
	if err != nil {
		t.Fatalf("an address: %v", err)
	}
	nodes[0].Do(t, "CLUSTER", "MEET", host, port)
	for _, node := range nodes {
		var info string
		eventually(t, func() bool {
			info = node.Do(t, "CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:2")
		}, func() string { return info })
	}
	return nodes
}

func TestAClusterKeepsTheContractOfAStore(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t)
	conform(t, slices.Concat(storetest.Turns(), storetest.States(), storetest.Private(), storetest.Crowds()), func(t *testing.T) *redisstore.Store {
		return open(t, redisstore.Options{URLs: urls(t, "redis://"+nodes[0].Addr, "redis://"+nodes[1].Addr), Prefix: t.Name() + ":"})
	})
	// Hints of one server come in order, and these cases rely on that: a prefix
	// with braces keeps all names of a case on one.
	conform(t, storetest.Watches(), func(t *testing.T) *redisstore.Store {
		return open(t, redisstore.Options{URLs: urls(t, "redis://"+nodes[1].Addr+"?cluster=true"), Prefix: "{" + t.Name() + "}:"})
	})
}

func TestHintsFollowASlotThatMoves(t *testing.T) {
	t.Parallel()
	nodes := startCluster(t)
	o := redisstore.Options{URLs: urls(t, "redis://"+nodes[0].Addr+"?cluster=true")}
	a, b := open(t, o), open(t, o)
	var heard atomic.Int64
	defer b.Watch(coalescer.Name{1}, func() { heard.Add(1) })()
	hears := func() {
		t.Helper()
		before := heard.Load()
		n := 0
		eventually(t, func() bool { n++; publish(a, t, n); return heard.Load() > before }, func() string { return "nothing heard" })
	}
	hears()

	slot := nodes[0].Do(t, "CLUSTER", "KEYSLOT", "{01000000000000000000000000000000}")
	ids := [2]string{nodes[0].Do(t, "CLUSTER", "MYID"), nodes[1].Do(t, "CLUSTER", "MYID")}
	from := 0
	if n, _ := strconv.Atoi(slot); n > 8191 {
		from = 1
	}
	// No key is carried over: to Pollard that is a server that was restarted empty.
	nodes[from].Do(t, "FLUSHALL")
	for _, node := range []int{1 - from, from} {
		var err error
		eventually(t, func() bool {
			_, err = nodes[node].Try("CLUSTER", "SETSLOT", slot, "NODE", ids[1-from])
			return err == nil
		}, func() string { return text(err) })
	}
	hears()
	hears()
}

// publish publishes a state that differs from all before, if it is given the turn.
func publish(s *redisstore.Store, t *testing.T, n int) {
	turn, _, _ := s.Begin(t.Context(), coalescer.Name{1}, coalescer.Terms{Lease: time.Second, Keep: time.Second})
	if turn != nil {
		turn.Publish(&coalescer.Said{Tag: etag.Tag(strconv.Quote(strconv.Itoa(n))), Asked: time.Now()})
	}
}

func TestASentinelSaysWhoIsPrimary(t *testing.T) {
	if testing.Short() {
		t.Skip("a Sentinel takes its seconds")
	}
	t.Parallel()
	primary := redistest.Start(t)
	host, port, err := net.SplitHostPort(primary.Addr)
	if err != nil {
		t.Fatalf("an address: %v", err)
	}
	replica := redistest.Start(t, "--replicaof", host+" "+port)
	sentinel := redistest.StartSentinel(t, primary)
	var info string
	eventually(t, func() bool {
		info = replica.Do(t, "INFO", "replication")
		return strings.Contains(info, "master_link_status:up") && strings.Contains(sentinel.Do(t, "INFO", "sentinel"), "slaves=1")
	}, func() string { return info })
	s := open(t, redisstore.Options{URLs: urls(t, "redis+sentinel://"+sentinel.Addr+"/main")})
	heals(t, s)
	primary.Stop()
	fails(t, s)
	heals(t, s)
	if got := replica.Do(t, "INFO", "replication"); !strings.Contains(got, "role:master") {
		t.Errorf("the replica was not promoted: %s", got)
	}
}

func TestASocketIsAsGoodAsAPort(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s"
	redistest.Start(t, "--unixsocket", path)
	heals(t, open(t, redisstore.Options{URLs: urls(t, "unix://"+path+"?db=3")}))
}
