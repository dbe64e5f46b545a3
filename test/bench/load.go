//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// plan is what one load process is to do, as JSON on its standard input.
type plan struct {
	Addr        string
	Request     request
	Connections int

	// For is how long a closed loop is measured, after Warm. Zero: every connection sends one request, all
	// at the same moment, and what is measured is the time until the last answer.
	For, Warm time.Duration

	// Server is the process whose CPU time is read, its children's included; zero: none.
	Server int
}

// result is what it saw, as JSON on its standard output.
type result struct {
	Requests  int
	Took      time.Duration
	Statuses  map[int]int
	ServerCPU time.Duration // that the server used meanwhile; to one clock tick per process
	LoadCPU   time.Duration // that the load generator used
	P50, P99  time.Duration
}

// answerLimit bounds the wait for the last answer of a storm, and for the last watcher to have a change:
// four times nginx's lock timeout.
const answerLimit = 20 * time.Second

func runLoad(in io.Reader, out io.Writer) error {
	runtime.LockOSThread()
	var p plan
	if err := json.NewDecoder(in).Decode(&p); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	l, err := dial(p.Addr, p.Connections, p.Request.bytes(p.Addr))
	if err != nil {
		return err
	}
	defer l.close()
	drive := storm
	if p.For > 0 {
		drive = saturate
	}
	r, err := drive(l, p)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}

// saturate runs a closed loop on all connections and measures it once it is warm.
func saturate(l *loop, p plan) (result, error) {
	if err := l.sendAll(); err != nil {
		return result{}, err
	}
	if err := l.closed(p.Warm); err != nil {
		return result{}, err
	}
	l.reset()
	return measure(l, p, func() error { return l.closed(p.For) })
}

// storm sends one request on each connection at once.
func storm(l *loop, p plan) (result, error) {
	return measure(l, p, func() error {
		if err := l.sendAll(); err != nil {
			return err
		}
		missing, err := l.drain(answerLimit)
		if err == nil && missing > 0 {
			err = fmt.Errorf("%d of %d requests unanswered after %v", missing, p.Connections, answerLimit)
		}
		return err
	})
}

func measure(l *loop, p plan, do func() error) (result, error) {
	server, err := watchCPU(p.Server)
	if err != nil {
		return result{}, err
	}
	own, began := ownCPU(), time.Now()
	if err := do(); err != nil {
		return result{}, err
	}
	r := result{Took: time.Since(began), LoadCPU: ownCPU() - own, Requests: len(l.latencies), Statuses: l.statuses}
	r.ServerCPU, err = server.used()
	if err != nil {
		return result{}, err
	}
	if r.Requests == 0 {
		return result{}, fmt.Errorf("no answer within %v", r.Took)
	}
	slices.Sort(l.latencies)
	r.P50, r.P99 = l.latencies[r.Requests/2], l.latencies[r.Requests*99/100]
	return r, nil
}

// ownCPU is the CPU time of this process so far.
func ownCPU() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for RUSAGE_SELF and a valid pointer
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
