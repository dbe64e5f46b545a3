package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/pollard-proxy/pollard/rollout/advice"
)

// printSharing writes what coalescing would save under each way of sharing. A
// log does not tell which is safe; advice alone would promise next to nothing.
func printSharing(w io.Writer, advised []advice.Advice) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	shares := []string{"nothing", "changes", "verified", "everything"}
	head := "\nCOALESCED, IF SHARED:\tNOTHING\tCHANGES\tVERIFIED\tEVERYTHING\n"
	for _, a := range advised {
		if len(a.Predictions) == 0 {
			continue
		}
		fmt.Fprint(t, head+a.Route)
		head = ""
		for _, share := range shares {
			fmt.Fprintf(t, "\t%s", coalesced(a.Predictions, share))
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

func coalesced(all []advice.Prediction, share string) string {
	i := slices.IndexFunc(all, func(p advice.Prediction) bool { return p.Stage == "coalesce" && p.Share == share })
	if i < 0 {
		return "-"
	}
	return all[i].Reduction.String()
}
