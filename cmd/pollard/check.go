package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/config"
)

// checkRedis says what is wrong with the addresses of Redis as a whole.
func checkRedis(file string, env config.Environment) error {
	c, err := config.Load(file, env)
	if err != nil || len(c.Redis) == 0 {
		return err
	}
	if err := redisstore.Check(c.Redis); err != nil {
		return fmt.Errorf("%s: redis: %w", file, err)
	}
	return nil
}

func newCheck(e environment) *cobra.Command {
	var online, reference bool
	cmd := &cobra.Command{
		Use:   "check FILE | --reference",
		Short: "Validate a configuration and everything that it names",
		Long:  "Validates a configuration and everything that it names: certificates, patterns, and with --online\nwhether the upstream can be reached. Prints every problem with file and line.",
		Args:  arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case reference:
				return config.Reference(e.stdout)
			case len(args) == 0:
				return usageError{errors.New("check needs a FILE, or --reference")}
			}
			problems, err := config.Check(cmd.Context(), args[0], e.env, online)
			if err != nil {
				return err
			}
			for _, p := range problems {
				fmt.Fprintln(e.stderr, p)
			}
			if problems.Err() != nil {
				return silent{problems}
			}
			if err := checkRedis(args[0], e.env); err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "%s: good\n", args[0])
			return nil
		},
	}
	cmd.Flags().BoolVar(&online, "online", false, "also try to reach what the configuration names")
	cmd.Flags().BoolVar(&reference, "reference", false, "print a commented configuration with every key")
	return cmd
}
