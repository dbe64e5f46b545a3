package ledger_test

import (
	"testing"

	"github.com/pollard-proxy/pollard/ledger"
)

// Dashboards, alerts and logs of operators hold these words.
func TestLabelsAreThoseOfTheContract(t *testing.T) {
	outcomes := map[ledger.Outcome]string{
		ledger.Passed: "passed", ledger.Hit: "hit", ledger.Collapsed: "collapsed", ledger.Revalidated: "revalidated",
		ledger.Fetched: "fetched", ledger.Bypassed: "bypassed", ledger.Failed: "failed",
	}
	for outcome, want := range outcomes {
		if got := outcome.String(); got != want {
			t.Errorf("Outcome(%d).String() = %q, want %q", outcome, got, want)
		}
	}
	reasons := map[ledger.Reason]string{
		ledger.Poll: "poll", ledger.Watch: "watch", ledger.Probe: "probe",
		ledger.Verify: "verify", ledger.Audit: "audit", ledger.Pass: "pass",
	}
	for reason, want := range reasons {
		if got := reason.String(); got != want {
			t.Errorf("Reason(%d).String() = %q, want %q", reason, got, want)
		}
	}
}
