package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pollard-proxy/pollard/rollout/advice"
)

func newAdvise(e environment) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "advise [--admin URL] [--json]",
		Short: "Say what observing has learnt: what can be shared, how, and what it would save",
		Long: "Says what a running Pollard has learnt from polls that passed it: of each route, and of URLs that look\n" +
			"polled and are no route yet. What it knows too little of it says, and how much more traffic it needs.",
		Args: arguments(cobra.NoArgs),
	}
	client := adminFlags(cmd, e)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the admin API's JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		body, err := client.get(cmd.Context(), "/api/v1/advice")
		if err != nil {
			return err
		}
		if asJSON {
			_, err := e.stdout.Write(body)
			return err
		}
		var all []advice.Advice
		if err := json.Unmarshal(body, &all); err != nil {
			return fmt.Errorf("the admin listener's advice: %w", err)
		}
		return advice.Print(e.stdout, all)
	}
	return cmd
}
