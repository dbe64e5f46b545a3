package rollout_test

import (
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/rollout"
)

func TestStagesHaveTheNamesOfTheLadder(t *testing.T) {
	for want, name := range []string{"off", "observe", "coalesce", "push"} {
		stage, err := rollout.ParseStage(name)
		if err != nil || stage != rollout.Stage(want) {
			t.Errorf("ParseStage(%q) = %v, %v; want rung %d", name, stage, err, want)
		}
		if got := stage.String(); got != name {
			t.Errorf("Stage(%d).String() = %q, want %q", want, got, name)
		}
		text, _ := stage.MarshalText()
		var again rollout.Stage
		if err := again.UnmarshalText(text); err != nil || again != stage || string(text) != name {
			t.Errorf("%v is the text %q, which is %v, %v", stage, text, again, err)
		}
	}
}

func TestUnknownStagesAreRefusedWithTheKnownOnes(t *testing.T) {
	for _, name := range []string{"", "Push", "push ", "on", "stage(4)"} {
		_, err := rollout.ParseStage(name)
		if err == nil || !strings.Contains(err.Error(), "off, observe, coalesce, push") {
			t.Errorf("ParseStage(%q): got error %v, want one that lists the stages", name, err)
		}
	}
}
