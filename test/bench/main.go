//go:build linux

// Command bench measures Pollard beside what an operator would otherwise run: nginx, Varnish, Nchan and
// Go's own reverse proxy. Everything is a real process on loopback. The servers share one core, the load generator
// and the upstream share another, and the servers take turns round by round, so that a drifting machine
// drifts for all of them.
//
// The figure to trust is the CPU time that a server spends per request, read from /proc: throughput and
// latency on a shared machine say more about the neighbours.
//
//	go run ./test/bench                      every scenario, about twenty-five minutes
//	go run ./test/bench -quick               the same in seconds, to see that it works
//	go run ./test/bench -run hits -rounds 9  one scenario, more rounds
//	go run ./test/bench -write               renders the tables into docs/measurements.md
//	go run ./test/bench -run workload -write the same with that of the workload alone
//
// The program starts itself for its other parts: "upstream" is the web fleet, "reverseproxy" a server to
// compare with, "load", "pollers" and "watchers" are the clients. It runs on Linux only, for epoll, taskset
// and /proc.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "upstream":
			return runUpstream(ctx, args[1:])
		case "reverseproxy":
			return runReverseProxy(ctx, args[1:])
		case "load":
			return runLoad(os.Stdin, os.Stdout)
		case "watchers":
			return runWatchers(ctx, os.Stdin, os.Stdout)
		case "pollers":
			return runPollers(ctx, os.Stdin, os.Stdout)
		}
	}
	return compare(ctx, args)
}
