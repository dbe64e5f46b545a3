package dashboards

import (
	"bytes"
	"os/exec"
	"testing"
)

func TestAScrapeIsCleanByPromtool(t *testing.T) {
	promtool := installed(t, "promtool")
	scrape, err := get("http://" + demo(t) + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = bytes.NewReader(scrape)
	if out, err := check.CombinedOutput(); err != nil || len(out) != 0 {
		t.Errorf("got %v, want nothing to complain about:\n%s", err, out)
	}
}
