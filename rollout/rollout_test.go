package rollout_test

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"testing"

	"github.com/pollard-proxy/pollard/rollout"
)

// The buckets that Flipper's percentage_of_actors gives, computed with Ruby's Zlib.
func TestActorsStandInFlippersBuckets(t *testing.T) {
	tests := []struct {
		flag, actor string
		bucket      rollout.Percent
	}{
		{"some_feature", "User:1", 9890},
		{"some_feature", "User:2", 9016},
		{"some_feature", "User:42", 45178},
		{"some_feature", "User:1000", 3219},
		{"some_feature", "Project:278964", 12485},
		{"some_feature", "Group:9970", 41691},
		{"polling_to_push", "User:1", 47763},
		{"polling_to_push", "User:42", 64906},
		{"polling_to_push", "Group:9970", 98265},
	}
	for _, test := range tests {
		p := rollout.Policy{Stage: rollout.Push, Flag: test.flag, Percent: test.bucket}
		if got := p.For(test.actor); got != rollout.Coalesce {
			t.Errorf("%s %s at %v %%: got %v, want one rung lower", test.flag, test.actor, p.Percent, got)
		}
		p.Percent++
		if got := p.For(test.actor); got != rollout.Push {
			t.Errorf("%s %s at %v %%: got %v, want push", test.flag, test.actor, p.Percent, got)
		}
	}
}

func TestAQuarterOfTheUsersIsAQuarter(t *testing.T) {
	p := rollout.Policy{Stage: rollout.Push, Flag: "some_feature", Percent: 25_000}
	on := 0
	for i := range 100_000 {
		if p.For(fmt.Sprintf("User:%d", i+1)) == rollout.Push {
			on++
		}
	}
	if on != 24_933 { // as many as Flipper has
		t.Errorf("25 %% of 100000 users: got %d, want 24933", on)
	}
}

func TestTheFormulaIsCRC32OfFlagAndActor(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		flag, actor := randomName(random, 0), randomName(random, 1)
		bucket := rollout.Percent(crc32.ChecksumIEEE([]byte(flag+actor)) % 100_000)
		p := rollout.Policy{Stage: rollout.Push, Flag: flag, Percent: bucket}
		if got := p.For(actor); got != rollout.Coalesce {
			t.Fatalf("flag %q, actor %q at its bucket %d: got %v, want coalesce", flag, actor, bucket, got)
		}
		p.Percent++
		if got := p.For(actor); got != rollout.Push {
			t.Fatalf("flag %q, actor %q above its bucket %d: got %v, want push", flag, actor, bucket, got)
		}
	}
}

// randomName returns between least and 80 random bytes.
func randomName(random *rand.Rand, least int) string {
	name := make([]byte, least+random.IntN(80))
	for i := range name {
		name[i] = byte(random.Uint32())
	}
	return string(name)
}

func TestRaisingThePercentageNeverMovesAnyoneDown(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		flag, actor := randomName(random, 0), randomName(random, 0)
		low, high := rollout.Percent(random.IntN(100_001)), rollout.Percent(random.IntN(100_001))
		if low > high {
			low, high = high, low
		}
		before := rollout.Policy{Stage: rollout.Push, Flag: flag, Percent: low}
		after := rollout.Policy{Stage: rollout.Push, Flag: flag, Percent: high}
		if before.For(actor) > after.For(actor) {
			t.Fatalf("flag %q, actor %q: %v at %v %%, but %v at %v %%", flag, actor,
				before.For(actor), before.Percent, after.For(actor), after.Percent)
		}
	}
}

func TestFlagsChooseDifferentActors(t *testing.T) {
	one := rollout.Policy{Stage: rollout.Push, Flag: "one", Percent: 50_000}
	two := rollout.Policy{Stage: rollout.Push, Flag: "two", Percent: 50_000}
	differ := 0
	for i := range 1000 {
		actor := fmt.Sprintf("User:%d", i)
		if one.For(actor) != two.For(actor) {
			differ++
		}
	}
	if differ < 400 || differ > 600 {
		t.Errorf("two flags at 50 %% differ for %d of 1000 actors, want about half", differ)
	}
}

func TestDenyBeatsAllowBeatsPercent(t *testing.T) {
	tests := []struct {
		name    string
		percent rollout.Percent
		allow   bool
		deny    bool
		actor   string
		want    rollout.Stage
	}{
		{"everyone", rollout.Everyone, false, false, "User:1", rollout.Push},
		{"nobody", 0, false, false, "User:1", rollout.Coalesce},
		{"allowed at 0 %", 0, true, false, "User:1", rollout.Push},
		{"denied at 100 %", rollout.Everyone, false, true, "User:1", rollout.Coalesce},
		{"allowed and denied", rollout.Everyone, true, true, "User:1", rollout.Coalesce},
		{"another is allowed", 0, true, false, "User:2", rollout.Coalesce},
		{"another is denied", rollout.Everyone, false, true, "User:2", rollout.Push},
		{"no actor below 100 %", rollout.Everyone - 1, false, false, "", rollout.Coalesce},
		{"no actor at 100 %", rollout.Everyone, false, false, "", rollout.Push},
	}
	for _, test := range tests {
		p := rollout.Policy{
			Stage: rollout.Push, Percent: test.percent, Flag: "pollard_route",
			Allow: map[string]bool{"User:1": test.allow},
			Deny:  map[string]bool{"User:1": test.deny},
		}
		if got := p.For(test.actor); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestActorsNotOnTheRungStandOneLower(t *testing.T) {
	lower := map[rollout.Stage]rollout.Stage{
		rollout.Push: rollout.Coalesce, rollout.Coalesce: rollout.Observe,
		rollout.Observe: rollout.Off, rollout.Off: rollout.Off,
	}
	for stage, want := range lower {
		p := rollout.Policy{Stage: stage}
		if got := p.For("User:1"); got != want {
			t.Errorf("%v at 0 %%: got %v, want %v", stage, got, want)
		}
	}
}

// For runs for every poll.
func TestChoosingARungDoesNotAllocate(t *testing.T) {
	p := rollout.Policy{
		Stage: rollout.Push, Percent: 25_000, Holdout: 1_000, Flag: "pollard_issue_realtime_changes",
		Allow: map[string]bool{"User:1": true}, Deny: map[string]bool{"User:2": true},
	}
	actors := []string{"", "User:1", "User:2", "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"}
	for _, actor := range actors {
		if got := testing.AllocsPerRun(100, func() { p.For(actor) }); got != 0 {
			t.Errorf("actor %q: got %v allocations, want 0", actor, got)
		}
	}
}

func BenchmarkForHashedActor(b *testing.B) {
	p := rollout.Policy{Stage: rollout.Push, Percent: 25_000, Flag: "pollard_issue_realtime_changes"}
	b.ReportAllocs()
	for b.Loop() {
		p.For("6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b")
	}
}
