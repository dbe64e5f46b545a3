// Command gen writes Pollard's Grafana dashboards beside it: one JSON file each, as
// Grafana imports it. Every expression goes through [series], so that the variables
// for job, namespace and route hold everywhere.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

//go:generate go run . ..

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen FOLDER")
		os.Exit(2)
	}
	for name, d := range dashboards() {
		if err := write(filepath.Join(os.Args[1], name), d); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}

// dashboards returns every dashboard by the name of its file.
func dashboards() map[string]dashboard {
	return map[string]dashboard{
		"reduction.json":  reduction(),
		"operations.json": operations(),
		"fleet.json":      fleet(),
	}
}

func write(file string, d dashboard) error {
	content, err := encode(d)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", file, err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		return fmt.Errorf("writing a dashboard: %w", err)
	}
	return nil
}

// encode leaves <, > and & as they are: people read diffs of these files.
func encode(d dashboard) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(d)
	return b.Bytes(), err
}
