package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/rollout/advice"
)

// fallWithin is how soon the guards must have found out that what is served is wrong.
const fallWithin = time.Minute

// story is the migration of a route, up to actors of whom watch.
func story(actors int) []chapter {
	return []chapter{
		{
			title: "Observe", lasts: 24 * time.Second, act: nothing, find: passed,
			says: "Every poll passes through to the fleet, untouched, and Pollard watches. CALLS OUT are POLLS IN.",
		},
		{
			title: "Advice", lasts: 6 * time.Second, act: nothing, find: advised,
			says: "What it has learnt by now, as `pollard advise` says it.",
		},
		{
			title: "Coalesce, 1 %", lasts: 12 * time.Second, act: to(Coalesce, 1, "one in a hundred, to begin with"), find: judged,
			says: fmt.Sprintf("One actor in a hundred is answered from memory, the others pass as before. An actor is a session, of which "+
				"there are %d here: a hash draws one of them, or two, or none, and the same at every poll.", actors),
		},
		{
			title: "Coalesce, 25 %", lasts: 14 * time.Second, act: to(Coalesce, 25, "nothing to object to at 1 %"), find: judged,
			says: "A quarter of the actors. Guards compare them with the others: errors, latency, age, and a sample of what was served " +
				"with what the fleet says to the same client.",
		},
		{
			title: "Coalesce, 100 %", lasts: 16 * time.Second, act: to(Coalesce, 100, "nothing to object to at 25 %"), find: saved,
			says: "Everybody. One question per document and interval asks for all of them whether something has changed. CALLS OUT fall.",
		},
		{
			title: "Push", lasts: 18 * time.Second, act: pushTo, find: watched,
			says: "The same, and who can be told is told. The fleet's pages get one script tag; WATCHERS rise; side by side, the left page " +
				"takes your changes at once.",
		},
		{
			title: "A fault", lasts: 4 * time.Second, act: lapse, find: fallen,
			says: "A release of the fleet forgets to renew entity tags: documents change, and whoever asks with a condition is told 304. No page " +
				"can see that, with Pollard or without. The guards' sample asks without a condition.",
		},
		{
			title: "The kill switch", lasts: 8 * time.Second, act: killed, find: blamed,
			says: "Is it Pollard or the fleet? One call takes Pollard out of the way of every route. What is still wrong then is the fleet's.",
		},
		{
			title: "Revival", lasts: 18 * time.Second, act: revived, find: watched,
			says: "The release is mended, the switch put back: every route stands where it stood, and nothing held before is given out. " +
				"After a fall a person has the last word, and puts the route back to push.",
		},
	}
}

func nothing(context.Context, *tour) error { return nil }

func to(stage Stage, percent float64, why string) func(context.Context, *tour) error {
	return func(ctx context.Context, t *tour) error { return t.operator.move(ctx, toured, stage, percent, why) }
}

func pushTo(ctx context.Context, t *tour) error {
	t.theatre.hasScript.Store(true)
	return t.operator.move(ctx, toured, Push, 100, "everybody is coalesced, and nothing to object to")
}

// killed pulls the kill switch.
func killed(ctx context.Context, t *tour) error {
	return t.operator.kill(ctx, "pages are stale: is it Pollard?")
}

func revived(ctx context.Context, t *tour) error {
	t.theatre.app.Mend()
	if err := t.operator.revive(ctx, "it was the fleet, and is mended"); err != nil {
		return err
	}
	return t.operator.move(ctx, toured, Push, 100, "what the guard found is mended")
}

// passed finds that every poll has reached the fleet. One may have been on its way at either end.
func passed(_ context.Context, _ *tour, c told) (string, error) {
	if float64(c.Upstream) < 0.9*float64(c.Polls) || c.Polls == 0 {
		return "", fmt.Errorf("of %d polls %d were passed", c.Polls, c.Upstream)
	}
	return fmt.Sprintf("%s polls in, %s calls out: %.0f a second reach the fleet.",
		grouped(c.Polls), grouped(c.Upstream), float64(c.Upstream)/c.Seconds), nil
}

// advised finds what observing has taught, and what the operator knows beyond it.
func advised(ctx context.Context, t *tour, _ told) (string, error) {
	a, err := t.operator.advice(ctx, toured)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := advice.Print(&b, []advice.Advice{a}); err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "\nWhat traffic cannot tell and the operator knows: this fleet's entity tags are one stamp per path. With `share: changes`, "+
		"which this route has, that news is shared and no body is: predicted to save %s at coalesce, and %s at push.",
		predicted(a, Coalesce), predicted(a, Push))
	return b.String(), nil
}

// predicted is what a stage is predicted to save with `share: changes`.
func predicted(a advice.Advice, at Stage) string {
	for _, p := range a.Predictions {
		if p.Stage == string(at) && p.Share == "changes" && p.Deliver != "signal" {
			return p.Reduction.String()
		}
	}
	return "an unknown share"
}

// judged finds that the guards have nothing to say against where the route stands.
func judged(ctx context.Context, t *tour, c told) (string, error) {
	r, err := t.operator.route(ctx, toured)
	if err != nil {
		return "", err
	}
	if r.Moved == nil || r.Moved.Fallen {
		return "", fmt.Errorf("it stands at %v", r.Position)
	}
	var said []string
	for _, v := range r.Guards {
		said = append(said, fmt.Sprintf("  %-4s  %s", v.Outcome, v.Text))
	}
	return spared(c) + "\n\nThe guards:\n" + strings.Join(said, "\n"), nil
}

// saved finds that fewer calls than polls are made.
func saved(ctx context.Context, t *tour, c told) (string, error) {
	if c.Reduction == nil || *c.Reduction <= 0 {
		return "", errors.New(spared(c))
	}
	return judged(ctx, t, c)
}

// watched finds that clients are told, and that fewer calls are made.
func watched(_ context.Context, t *tour, c told) (string, error) {
	now := t.counted()
	if now.Stage != string(Push) {
		return "", fmt.Errorf("it stands at %s", now.Stage)
	}
	n := now.Watchers
	if n <= 0 || c.Reduction == nil || *c.Reduction <= 0 {
		return "", fmt.Errorf("%d clients watch; %s", n, spared(c))
	}
	return fmt.Sprintf("%d clients watch; all viewers have been told %s states so far. %s", n, grouped(t.theatre.crowd.Counts().Pushed), spared(c)), nil
}

func spared(c told) string {
	s := fmt.Sprintf("%s polls in, %s calls out", grouped(c.Polls), grouped(c.Upstream))
	if c.Avoided >= 1 {
		s += fmt.Sprintf(", and by the model %s polls that watchers did not send", grouped(uint64(c.Avoided)))
	}
	return s + fmt.Sprintf(": reduction %s.", percentage(c.Reduction))
}
