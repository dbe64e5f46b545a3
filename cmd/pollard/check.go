package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/coalescer/redisstore"
	"github.com/pollard-proxy/pollard/config"
)

// checked is what a check prints for machines.
type checked struct {
	Good     bool            `json:"good"`
	Problems config.Problems `json:"problems"`
}

// checkRedis says what is wrong with the addresses of Redis as a whole and, when
// online, warns of a Redis that cannot be used: Pollard does without.
func checkRedis(ctx context.Context, file string, env config.Environment, online bool) config.Problems {
	c, err := config.Load(file, env)
	if err != nil {
		return config.Problems{{Message: err.Error()}}
	}
	var problems config.Problems
	check := func(key string, urls []*url.URL) {
		if len(urls) == 0 {
			return
		}
		if err := redisstore.Check(urls); err != nil {
			problems = append(problems, config.Problem{File: file, Key: key, Message: err.Error()})
		} else if err := reachRedis(ctx, c, urls, online); err != nil {
			problems = append(problems, config.Problem{File: file, Key: key, Message: err.Error(), Warning: true})
		}
	}
	check("redis", c.Redis)
	check("redis_hints", c.RedisHints)
	check("news_redis", c.NewsRedis)
	return problems
}

// reachRedis has Redis answer once, when online.
func reachRedis(ctx context.Context, c *config.Config, urls []*url.URL, online bool) error {
	if !online {
		return nil
	}
	have, err := c.Certificates()
	if err != nil {
		return err
	}
	return redisstore.Reach(ctx, redisstore.Options{URLs: urls, TLS: func() *tls.Config { return have.Redis.TLS }})
}

func newCheck(e environment) *cobra.Command {
	var online, reference, diff, asJSON bool
	cmd := &cobra.Command{
		Use:   "check FILE [--json] | --reference | --diff OLD NEW",
		Short: "Validate a configuration and everything that it names",
		Long:  "Validates a configuration and everything that it names: certificates, patterns, and with --online\nwhether the upstream and Redis can be reached, and what clients make of the certificate. Prints every\nproblem with file and line. With --diff it tells what a reload from OLD to NEW would do.",
		Args:  arguments(cobra.MaximumNArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case reference:
				return config.Reference(e.stdout)
			case diff:
				return checkDiff(cmd.Context(), e, args, asJSON)
			case len(args) != 1:
				return usageError{errors.New("check needs a FILE, or --reference, or --diff OLD NEW")}
			}
			problems, err := config.Check(cmd.Context(), args[0], e.env, online)
			if err != nil {
				return err
			}
			if problems.Err() == nil {
				problems = append(problems, checkRedis(cmd.Context(), args[0], e.env, online)...)
			}
			return sayChecked(e, args[0], problems, asJSON)
		},
	}
	cmd.Flags().BoolVar(&online, "online", false, "also try to reach what the configuration names")
	cmd.Flags().BoolVar(&diff, "diff", false, "tell what a reload from one file to another would do")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object, whether it is good or not")
	cmd.Flags().BoolVar(&reference, "reference", false, "print a commented configuration with every key")
	return cmd
}

// sayChecked tells of all problems, and fails where one is more than a warning.
func sayChecked(e environment, file string, problems config.Problems, asJSON bool) error {
	err := problems.Err()
	if err != nil {
		err = silent{err}
	}
	if asJSON {
		return errors.Join(err, writeJSON(e.stdout, checked{Good: err == nil, Problems: append(config.Problems{}, problems...)}))
	}
	for _, p := range problems {
		fmt.Fprintln(e.stderr, p)
	}
	if err == nil {
		fmt.Fprintf(e.stdout, "%s: good\n", file)
	}
	return err
}
