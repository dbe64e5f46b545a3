// Package capacity estimates what push needs, from how a route is polled: connections,
// memory, pods, the upstream's rate, Redis. GitLab's crude rule stands beside it.
package capacity

import (
	"fmt"
	"math"
	"time"
)

// A Load is what comes in.
type Load struct {
	Polls     float64       // a second; 0: as many as Pages send
	Interval  time.Duration // between the polls of a page
	Pages     float64       // open at a time; 0: as many as Polls come from
	Documents float64       // that are watched at a time; 0: one for each page
	Share     string        // as in the configuration: nothing, changes, verified or everything
	Body      float64       // bytes of a document
	PerPod    float64       // connections that a pod is to hold: GitLab's peak_active_connections
}

// Figures are what one way of reckoning says. What it says nothing of is 0.
type Figures struct {
	Connections float64 `json:"connections"`
	Pods        float64 `json:"pods"`
	Memory      float64 `json:"memory_bytes"`     // of all pods, the kernel's sockets included
	CPU         float64 `json:"cpu_cores"`        // while all of them poll instead
	Upstream    float64 `json:"upstream_rps"`     // at stage push
	Polling     float64 `json:"polling_rps"`      // that the upstream gets without Pollard
	RedisMemory float64 `json:"redis_bytes"`      // where instances share documents
	RedisRate   float64 `json:"redis_commands_s"` // assumed: see Assumed
}

// A Plan is both, and what they rest on.
type Plan struct {
	Estimate Figures  `json:"estimate"`
	GitLab   Figures  `json:"gitlab_rule"`
	Basis    []string `json:"basis"`
}

// The figures that were measured, on the machine that docs/measurements.md names; tests
// hold them against it.
const (
	hitSeconds = 30.1e-6 // of a core, for a poll answered from memory with 304: table Hits

	// Table Idle, settled: of 10,000 watchers who each have a document of their own, by
	// server-sent events, which take the most; and of an instance without any.
	watcherBytes = 39.9e3
	emptyBytes   = 20.7e6
)

// What was not measured.
const (
	kernelBytes     = 4e3  // of a socket: Centrifugo's blog, 17 August 2026
	redisOverhead   = 1e3  // of a key, beside the body
	commandsPerCall = 3    // a lease, the document, the news of it
	leaseSeconds    = 52.5 // docs/measuring.md: the default of 60 s is up to a quarter shorter
	ticksPerSecond  = 1 / 1.025
	gitLabPages     = 4200 // connections for each request per second
	busiest         = 0.5  // of a pod's core, at most: half is for the day when another pod is gone
)

// For returns the plan for a load. The error says what is wrong with the load.
func For(l Load) (*Plan, error) {
	l, err := l.completed()
	if err != nil {
		return nil, err
	}
	e := Figures{
		Connections: l.Pages,
		Polling:     l.Polls,
		Upstream:    l.upstream(),
		CPU:         l.Polls * hitSeconds,
		RedisMemory: l.Documents * (l.Body + redisOverhead),
	}
	e.Pods = 1 + math.Max(math.Ceil(l.Pages/l.PerPod), math.Ceil(e.CPU/busiest))
	e.Memory = e.Pods*emptyBytes + l.Pages*(watcherBytes+kernelBytes) + e.Pods*l.Documents*l.Body
	e.RedisRate = commandsPerCall * e.Upstream
	crude := l.Polls * gitLabPages
	return &Plan{e, Figures{Connections: crude, Pods: math.Ceil(crude / l.PerPod)}, l.basis()}, nil
}

func (l Load) completed() (Load, error) {
	for _, v := range []float64{l.Polls, l.Pages, l.Documents, l.Body} {
		if v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			return l, fmt.Errorf("%v: want no negative number", v)
		}
	}
	switch {
	case l.Interval <= 0:
		return l, fmt.Errorf("an interval of %v: want one above zero", l.Interval)
	case l.PerPod < 1:
		return l, fmt.Errorf("%v connections a pod: want at least one", l.PerPod)
	case l.Polls == 0 && l.Pages == 0:
		return l, fmt.Errorf("neither polls nor pages: there is nothing to plan for")
	case l.Pages == 0:
		l.Pages = l.Polls * l.Interval.Seconds()
	case l.Polls == 0:
		l.Polls = l.Pages / l.Interval.Seconds()
	}
	if l.Documents == 0 {
		l.Documents = l.Pages
	}
	l.Documents = math.Min(l.Documents, l.Pages)
	if _, ok := shares[l.Share]; !ok {
		return l, fmt.Errorf("share %q: want nothing, changes, verified or everything", l.Share)
	}
	return l, nil
}

// shares say who asks upstream: for each page or for each document, and whether each
// page's lease is renewed besides. The formulas are docs/measuring.md's, for pages
// that are each somebody else's and rarely change.
var shares = map[string]struct{ perPage, renewed bool }{
	"nothing": {true, false}, "changes": {false, true}, "verified": {false, true}, "everything": {false, false},
}

func (l Load) upstream() float64 {
	s := shares[l.Share]
	live := l.Documents
	if s.perPage {
		live = l.Pages
	}
	rate := live / l.Interval.Seconds() * ticksPerSecond
	if s.renewed {
		rate += l.Pages / leaseSeconds
	}
	return rate
}

func (l Load) basis() []string {
	return []string{
		fmt.Sprintf("%.0f open pages, one poll each %v, %.0f documents of %.0f bytes, share %s", l.Pages, l.Interval, l.Documents, l.Body, l.Share),
		fmt.Sprintf("measured: %.1f µs of a core for a poll answered from memory (docs/measurements.md, Hits)", hitSeconds*1e6),
		fmt.Sprintf("measured: %.0f KB a watcher, %.0f MB a pod without any (docs/measurements.md, Idle: server-sent events)", watcherBytes/1e3, emptyBytes/1e6),
		fmt.Sprintf("modelled: the upstream's rate, by docs/measuring.md; each page is somebody else's, leases renewed each %v s, few changes", leaseSeconds),
		fmt.Sprintf("assumed: %.0f KB a socket in the kernel; in Redis %.0f KB a key and %d commands a call; one pod more than needed, cores half busy",
			kernelBytes/1e3, redisOverhead/1e3, commandsPerCall),
		fmt.Sprintf("GitLab's rule: %d connections for each request per second; pods = (n * %d) / peak_active_connections, here %.0f a pod", gitLabPages, gitLabPages, l.PerPod),
	}
}
