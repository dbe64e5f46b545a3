package capacity

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes the plan as a table, and what it rests on.
func Print(w io.Writer, p *Plan) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tESTIMATE\tGITLAB'S RULE\t")
	line := func(name, unit string, of func(Figures) float64) {
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", name, amount(of(p.Estimate), unit), amount(of(p.GitLab), unit))
	}
	line("connections", "", func(f Figures) float64 { return f.Connections })
	line("pods", "", func(f Figures) float64 { return f.Pods })
	line("memory, all pods", "MB", func(f Figures) float64 { return f.Memory / 1e6 })
	line("cores, while all poll", "cores", func(f Figures) float64 { return f.CPU })
	line("upstream without Pollard", "/s", func(f Figures) float64 { return f.Polling })
	line("upstream at push", "/s", func(f Figures) float64 { return f.Upstream })
	line("Redis memory", "MB", func(f Figures) float64 { return f.RedisMemory / 1e6 })
	line("Redis commands", "/s", func(f Figures) float64 { return f.RedisRate })
	t.Flush() // to a strings.Builder, which does not fail
	b.WriteString("\n")
	for _, line := range p.Basis {
		fmt.Fprintln(&b, line)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// amount writes what is counted whole, cores to a hundredth, and everything else to a tenth.
func amount(v float64, unit string) string {
	switch {
	case v == 0:
		return "-"
	case unit == "cores":
		return fmt.Sprintf("%.2f cores", v)
	case unit == "":
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}
