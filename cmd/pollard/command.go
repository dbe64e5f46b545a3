package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/config"
)

// environment is what the program gets from outside.
type environment struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	env            config.Environment
}

// The exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// usageError is a mistake in how a command was called.
type usageError struct{ error }

// silent is an error that has been told already.
type silent struct{ error }

// run executes one command and returns the exit code.
func run(ctx context.Context, e environment) int {
	root := newRoot(e)
	root.SetArgs(e.args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	var told silent
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &told):
		return exitError
	case errors.As(err, &usage):
		fmt.Fprintf(e.stderr, "pollard: %v; see pollard --help\n", err)
		return exitUsage
	}
	fmt.Fprintf(e.stderr, "pollard: %v\n", err)
	return exitError
}

func newRoot(e environment) *cobra.Command {
	root := &cobra.Command{
		Use:           "pollard",
		Short:         "One conditional GET of a thousand polls",
		Long:          "Pollard stands in front of a web fleet whose pages poll, passes everything through untouched,\ncoalesces identical polls into one conditional GET per interval, and measures what that saved.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q", args[0])}
			}
			return cmd.Help()
		},
	}
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newServe(e), newDemo(e), newCheck(e), newRoutes(e), newExplain(e), newRollout(e), newAdvise(e), newPredict(e), newReport(e), newPlan(e), newHealthcheck(e), newVersion(e))
	return root
}

// arguments turns a mistake in the number of arguments into a usage error.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// writeJSON prints what machines read.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
