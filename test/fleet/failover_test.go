package fleet

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/test/redistest"
)

// Three Sentinels find the primary dead and make its replica the next. Nobody tells Pollard: each instance asks for itself
// until the Sentinels name another.
func TestAFailoverCostsACallPerInstanceAndIntervalAtMost(t *testing.T) {
	takesSeconds(t)
	primary := redistest.Start(t, "--repl-diskless-sync-delay", "0")
	host, port, err := net.SplitHostPort(primary.Addr)
	if err != nil {
		t.Fatal(err)
	}
	replica := redistest.Start(t, "--replicaof", host+" "+port)
	becomes(t, replica, "master_link_status:up")
	var urls []string
	for _, s := range redistest.StartSentinels(t, primary, 3, 1) {
		urls = append(urls, "redis+sentinel://"+s.Addr+"/main")
	}
	f := join(t, primary, urls, public...)
	c := gather(t, f)
	<-time.After(interval)
	began := time.Now()
	primary.Stop()
	becomes(t, replica, "role:master")
	took := time.Since(began).Round(time.Millisecond)
	<-time.After(2 * interval) // all have noticed
	f.all(t, asTogether)
	t.Logf("the replica was promoted after %v, all ask together again within %v", took, time.Since(began).Round(time.Millisecond))
	isAtMostOneEach(t, f.upstream.since(began), time.Since(began))
	<-time.After(2 * interval)
	f.settles(t, "afterwards", *calm, oneAnInterval)
	if *strict {
		primary.Run(t)
		becomes(t, primary, "role:slave")
		f.settles(t, "and with the old primary back, as a replica", *calm, oneAnInterval)
	}
	isAnswered(t, c)
}

// becomes waits until what a server says of its replication has text.
func becomes(t *testing.T, s *redistest.Server, text string) {
	t.Helper()
	eventually(t, func() error {
		if info, err := s.Try("INFO", "replication"); err != nil || !strings.Contains(info, text) {
			return fmt.Errorf("%s is not %s: %s, error %v", s.Addr, text, info, err)
		}
		return nil
	})
}
