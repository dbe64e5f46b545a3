package ladder_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/rollout"
	"github.com/pollard-proxy/pollard/rollout/ladder"
)

// off is where every route of file stands while all are killed.
func off() map[string]ladder.Position {
	o := ladder.Position{Stage: rollout.Off, Percent: rollout.Everyone}
	return map[string]ladder.Position{"one": o, "two": o}
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAKillSurvivesARestartAndARevivalRestoresTheFormerState(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir, file())
	p.move("two", coalesced)
	try(t, p.Kill("alice", "it burns"))
	p.want(off())
	again := start(t, dir, file())
	again.want(off())
	if k := again.State().Kill; k == nil || k.Who != "alice" || k.Why != "it burns" || k.ByFile {
		t.Errorf("got %+v, want who killed, and why", k)
	}
	if got := again.State().Position("two"); got != coalesced {
		t.Errorf("got %v while killed, want where it will stand", got)
	}
	try(t, again.Revive("alice", ""))
	again.want(map[string]ladder.Position{"one": coalesced, "two": coalesced})
	start(t, dir, file()).want(map[string]ladder.Position{"one": coalesced, "two": coalesced})
}

func TestKillingAndRevivingTwiceChangesNothing(t *testing.T) {
	p := start(t, t.TempDir(), file())
	for range 2 {
		try(t, p.Kill("alice", ""))
	}
	for range 2 {
		try(t, p.Revive("alice", ""))
	}
	if got := len(p.Log("", 10)); got != 2 {
		t.Errorf("got %d entries, want 2", got)
	}
}

func TestWhatIsMovedDuringAKillTakesEffectWithTheRevival(t *testing.T) {
	p := start(t, t.TempDir(), file())
	try(t, p.Kill("alice", ""))
	p.move("one", pushed)
	p.configure(map[string]ladder.Position{"one": coalesced, "two": coalesced})
	if got := p.states[len(p.states)-1].InForce("one").Stage; got != rollout.Off {
		t.Errorf("got %v, want off until the revival", got)
	}
	try(t, p.Revive("alice", ""))
	p.want(map[string]ladder.Position{"one": pushed, "two": coalesced})
}

// watched plays a script while the kill file is heeded.
func watched(t *testing.T, script func(p *process, touch, remove func())) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		p := start(t, dir, file())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { p.Watch(ctx); close(done) }()
		path := filepath.Join(dir, "kill")
		script(p,
			func() { try(t, os.WriteFile(path, nil, 0o600)); time.Sleep(time.Second); synctest.Wait() },
			func() { try(t, os.Remove(path)); time.Sleep(time.Second); synctest.Wait() })
		cancel()
		<-done
	})
}

func TestTheKillFileKillsWithinASecondAndItsEndRevives(t *testing.T) {
	watched(t, func(p *process, touch, remove func()) {
		touch()
		p.want(off())
		remove()
		p.want(file())
	})
}

func TestWhileThereIsAKillFileNobodyIsRevived(t *testing.T) {
	watched(t, func(p *process, touch, remove func()) {
		touch()
		if err := p.Revive("alice", ""); !errors.As(err, new(*ladder.KillFileError)) {
			t.Errorf("got %v, want the file named", err)
		}
		p.want(off())
	})
}

func TestTheEndOfTheKillFileRevivesNobodyWhomAPersonKilled(t *testing.T) {
	watched(t, func(p *process, touch, remove func()) {
		try(t, p.Kill("alice", ""))
		touch()
		remove()
		p.want(off())
		try(t, p.Revive("alice", ""))
		touch()
		try(t, p.Kill("alice", ""))
		remove()
		p.want(off())
	})
}

func TestTheKillFileCountsFromTheStart(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "kill")
	try(t, os.WriteFile(path, nil, 0o600))
	p := start(t, dir, file())
	p.want(off())
	if len(p.states) != 1 {
		t.Errorf("got %d states, want none in force before the kill", len(p.states))
	}
	try(t, os.Remove(path))
	start(t, dir, file()).want(file())
}

func TestAFolderThatIsGoneRevivesNobody(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mounted")
	synctest.Test(t, func(t *testing.T) {
		p := start(t, dir, file())
		try(t, os.WriteFile(filepath.Join(dir, "kill"), nil, 0o600))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		go func() { time.Sleep(2 * time.Second); os.RemoveAll(dir) }()
		p.Watch(ctx)
		p.want(off())
	})
}
