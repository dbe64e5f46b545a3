package demo

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

const (
	redraw = 500 * time.Millisecond // between two drawings of the live table
	notice = 2 * time.Second        // between two lines where nothing can be redrawn
)

// show keeps whoever looks at Out up to date until ctx ends, and returns the last scene that they saw.
func (t *theatre) show(ctx context.Context) (last scene) {
	switch {
	case t.options.JSON:
		<-ctx.Done()
	case t.options.Interactive:
		fmt.Fprint(t.options.Out, bold(t.title()), t.addresses())
		table := &live{out: t.options.Out}
		last = t.every(ctx, redraw, table)
		table.erase() // for the last one to take its place
	case t.tour != nil:
		fmt.Fprint(t.options.Out, t.title(), t.addresses())
		last = t.every(ctx, redraw, &chapters{out: t.options.Out})
	default:
		fmt.Fprint(t.options.Out, t.title(), t.addresses())
		last = t.every(ctx, notice, lines{t.options.Out})
	}
	return last
}

// A display shows one scene after another.
type display interface{ draw(scene, rate) }

func (t *theatre) every(ctx context.Context, pause time.Duration, d display) scene {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	var m meter
	for {
		sc := t.look()
		d.draw(sc, m.rate(sc))
		select {
		case <-ctx.Done():
			sc = t.look()
			d.draw(sc, m.rate(sc)) // what was found last
			return sc
		case <-ticker.C:
		}
	}
}

func (t *theatre) title() string {
	tabs, people := t.options.Viewers, min(t.options.Viewers, len(legacy.People()))
	if t.tour != nil {
		return fmt.Sprintf("Pollard tour: %d browser tabs in %d sessions of %d people watch a legacy application, through Pollard.", tabs, len(t.people()), people)
	}
	return fmt.Sprintf("Pollard demo: %d browser tabs of %d people watch a legacy application, through Pollard.", tabs, people)
}

func (t *theatre) addresses() string {
	return fmt.Sprintf("\n\n  side by side     %s/\n  through Pollard  %s/\n  without it       %s/\n  console          %s/\n\n",
		t.page.url, t.proxy.URL, t.direct.url, t.proxy.Admin)
}

// live redraws its table in place.
type live struct {
	out   io.Writer
	drawn int // lines on the screen
	story narrator
}

// draw switches line wrapping off meanwhile: a narrow terminal then cuts lines instead of adding some that nobody counts.
func (l *live) draw(sc scene, now rate) {
	text := table(sc, now) + fmt.Sprintf("\n%s   Ctrl-C ends the demo.\n", clock(sc.Elapsed))
	l.erase()
	fmt.Fprint(l.out, l.story.news(sc.Told), "\x1b[?7l", text, "\x1b[?7h")
	l.drawn = strings.Count(text, "\n")
}

func (l *live) erase() {
	if l.drawn > 0 {
		fmt.Fprintf(l.out, "\x1b[%dA\x1b[J", l.drawn) // up to the first line, and clear from there
	}
}

// lines prints one line a scene, for logs, once there is something to say.
type lines struct{ out io.Writer }

func (l lines) draw(sc scene, now rate) {
	total := sum(sc.routes())
	if total.Reduction == nil {
		return
	}
	fmt.Fprintf(l.out, "%s  polls in %s (%.1f/s)  watchers %d  calls out %s (%.1f/s)  reduction %s\n", clock(sc.Elapsed),
		grouped(total.Polls), now.polls, sc.watchers(), grouped(total.Upstream), now.calls, percentage(total.Reduction))
}

func clock(d time.Duration) string {
	seconds := int(d.Seconds())
	return fmt.Sprintf("%02d:%02d", seconds/60, seconds%60)
}

func bold(s string) string { return "\x1b[1m" + s + "\x1b[0m" }
