package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// health is what a healthcheck prints for machines.
type health struct {
	Ready  bool   `json:"ready"`
	Reason string `json:"reason,omitempty"` // why it is not, or why that is not known
}

func newHealthcheck(e environment) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "healthcheck [--admin URL] [--json]",
		Short: "Exit 0 when the instance is ready",
		Args:  arguments(cobra.NoArgs),
	}
	admin := adminFlags(cmd, e)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object, whether it is ready or not")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		_, err := admin.get(cmd.Context(), "/readyz")
		var usage usageError
		if !asJSON || errors.As(err, &usage) {
			return err
		}
		h := health{Ready: err == nil}
		if err != nil {
			h.Reason, err = err.Error(), silent{err}
		}
		return errors.Join(err, writeJSON(e.stdout, h))
	}
	return cmd
}
