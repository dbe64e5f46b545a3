// Command pollard stands in front of a web fleet whose pages poll, passes
// everything through untouched, and makes one conditional GET upstream of a
// thousand identical polls.
//
// It logs to standard error. SIGHUP reloads the configuration, SIGTERM and
// interrupt end it: what is in flight is finished first. See `pollard --help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, environment{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.LookupEnv})
	stop()
	os.Exit(code)
}
