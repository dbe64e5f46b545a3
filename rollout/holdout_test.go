package rollout_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/rollout"
)

// kinds of actors, as routes have them: names of users, and hashes of identities.
var kinds = map[string]func(i int) string{
	"users":  func(i int) string { return fmt.Sprintf("User:%d", i) },
	"padded": func(i int) string { return fmt.Sprintf("%08d", i) }, // of one length
	"hashes": func(i int) string {
		return fmt.Sprintf("%016x%016x", uint64(i)*0x9e3779b97f4a7c15, uint64(i)*0xc2b2ae3d27d4eb4f)
	},
}

// deviation is how many standard deviations a count of n draws at share p is off.
func deviation(count, n int, p float64) float64 {
	return math.Abs(float64(count)-float64(n)*p) / math.Sqrt(float64(n)*p*(1-p))
}

func TestTheHoldoutIsDrawnApartFromThePercentage(t *testing.T) {
	const actors = 40_000
	for kind, name := range kinds {
		for _, percent := range []rollout.Percent{1_000, 25_000, 50_000} {
			plain := rollout.Policy{Stage: rollout.Push, Percent: percent, Flag: "pollard_issue_changes"}
			holding := plain
			holding.Holdout = 1_000
			var all, held [2]int // off, on
			for i := range actors {
				on := 0
				if plain.Arm(name(i)) == rollout.Treated {
					on = 1
				}
				all[on]++
				if holding.Arm(name(i)) == rollout.Holdout {
					held[on]++
				}
			}
			for on, n := range held {
				if got := deviation(n, all[on], 0.01); got > 4 {
					t.Errorf("%s at %v %%: %d of %d held out (on: %d), %.1f standard deviations from 1 %%", kind, percent, n, all[on], on, got)
				}
			}
		}
	}
}

// With the prefix alone, these lengths of flag and actor together had 4 %, none and
// 4.5 % of the actors on held out.
func TestTheDrawsHaveNothingToDoWithEachOtherAtAnyLength(t *testing.T) {
	for _, length := range []int{47, 56, 104} {
		p := rollout.Policy{Stage: rollout.Push, Percent: 1_000, Holdout: 1_000, Flag: strings.Repeat("f", length-8)}
		plain := p
		plain.Holdout = 0
		on, held := 0, 0
		for i := range 200_000 {
			if actor := kinds["padded"](i); plain.Arm(actor) == rollout.Treated {
				on++
				if p.Arm(actor) == rollout.Holdout {
					held++
				}
			}
		}
		if got := deviation(held, on, 0.01); got > 4 {
			t.Errorf("%d bytes: %d of %d held out, %.1f standard deviations from 1 %%", length, held, on, got)
		}
	}
}

func TestWithinTheOthersThePercentageStaysFlippers(t *testing.T) {
	plain := rollout.Policy{Stage: rollout.Push, Percent: 25_000, Flag: "some_feature"}
	holding := plain
	holding.Holdout = 10_000
	for i := range 10_000 {
		actor := fmt.Sprintf("User:%d", i)
		if got := holding.Arm(actor); got != rollout.Holdout && got != plain.Arm(actor) {
			t.Fatalf("%s: got %v, want %v as without a holdout", actor, got, plain.Arm(actor))
		}
	}
}

func TestRaisingTheHoldoutKeepsThoseHeldOut(t *testing.T) {
	little := rollout.Policy{Stage: rollout.Push, Percent: rollout.Everyone, Holdout: 1_000}
	more := rollout.Policy{Stage: rollout.Coalesce, Percent: 0, Holdout: 2_000}
	for i := range 10_000 {
		actor := fmt.Sprintf("User:%d", i)
		if little.Arm(actor) == rollout.Holdout && more.Arm(actor) != rollout.Holdout {
			t.Fatalf("%s is held out at 1 %% and not at 2 %%, another stage and percentage", actor)
		}
	}
}

func TestTheHoldoutStandsNoHigherThanObserve(t *testing.T) {
	rungs := map[rollout.Stage]rollout.Stage{
		rollout.Push: rollout.Observe, rollout.Coalesce: rollout.Observe,
		rollout.Observe: rollout.Observe, rollout.Off: rollout.Off,
	}
	for stage, want := range rungs {
		for _, percent := range []rollout.Percent{0, 50_000, rollout.Everyone} {
			p := rollout.Policy{Stage: stage, Percent: percent, Holdout: rollout.Everyone}
			if got := p.For("User:1"); got != want {
				t.Errorf("at %v, %v %%: got %v, want %v", stage, percent, got, want)
			}
		}
	}
}

func TestAllowAndDenyBeatTheHoldout(t *testing.T) {
	tests := []struct {
		name        string
		allow, deny bool
		actor       string
		want        rollout.Arm
	}{
		{"held out", false, false, "User:1", rollout.Holdout},
		{"allowed", true, false, "User:1", rollout.Treated},
		{"denied", false, true, "User:1", rollout.Control},
		{"allowed and denied", true, true, "User:1", rollout.Control},
		{"without an actor", false, false, "", rollout.Treated},
	}
	for _, test := range tests {
		p := rollout.Policy{
			Stage: rollout.Push, Percent: rollout.Everyone, Holdout: rollout.Everyone,
			Allow: map[string]bool{"User:1": test.allow}, Deny: map[string]bool{"User:1": test.deny},
		}
		if got := p.Arm(test.actor); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestWhereNobodyIsDrawnAllAreTreated(t *testing.T) {
	policies := []rollout.Policy{
		{Stage: rollout.Push, Percent: rollout.Everyone},
		{Stage: rollout.Push, Percent: rollout.Everyone, Allow: map[string]bool{"User:1": true}},
		{Stage: rollout.Push, Percent: rollout.Everyone - 1},
		{Stage: rollout.Push, Percent: rollout.Everyone, Holdout: 1},
		{Stage: rollout.Push, Percent: rollout.Everyone, Deny: map[string]bool{"User:1": true}},
	}
	for i, p := range policies {
		if got, want := p.Draws(), i >= 2; got != want {
			t.Errorf("%+v: got %v, want %v", p, got, want)
		}
		if !p.Draws() && p.Arm("User:1") != rollout.Treated {
			t.Errorf("%+v: got %v, want treated", p, p.Arm("User:1"))
		}
	}
}

func TestArmsHaveNames(t *testing.T) {
	for a, want := range []string{"treated", "control", "holdout", "arm(3)"} {
		if got := rollout.Arm(a).String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
