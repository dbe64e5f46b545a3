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

// show keeps whoever looks at Out up to date until ctx ends.
func (s *stage) show(ctx context.Context) {
	switch {
	case s.options.JSON:
		<-ctx.Done()
	case s.options.Interactive:
		fmt.Fprint(s.options.Out, bold(s.title()), s.addresses())
		table := &live{out: s.options.Out}
		s.every(ctx, redraw, table)
		table.erase() // for the last one to take its place
	default:
		fmt.Fprint(s.options.Out, s.title(), s.addresses())
		s.every(ctx, notice, lines{s.options.Out})
	}
}

// A display shows one scene after another.
type display interface{ draw(scene, rates) }

func (s *stage) every(ctx context.Context, pause time.Duration, d display) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	var m meter
	for {
		sc := s.look()
		d.draw(sc, m.rates(sc))
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (s *stage) title() string {
	tabs, people := s.options.Viewers, min(s.options.Viewers, len(legacy.People()))
	return fmt.Sprintf("Pollard demo: %d browser tabs of %d people poll a legacy application, through Pollard.", tabs, people)
}

func (s *stage) addresses() string {
	return fmt.Sprintf("\n\n  side by side     %s/\n  through Pollard  %s/\n  without it       %s/\n  metrics          %s/metrics\n\n",
		s.page.url, s.proxy.URL, s.direct.url, s.proxy.Admin)
}

// live redraws its table in place.
type live struct {
	out   io.Writer
	drawn int // lines on the screen
}

// draw switches line wrapping off meanwhile: a narrow terminal then cuts lines instead of adding some that nobody counts.
func (l *live) draw(sc scene, now rates) {
	text := table(sc, now) + fmt.Sprintf("\n%s   Ctrl-C ends the demo.\n", clock(sc.Elapsed))
	l.erase()
	fmt.Fprint(l.out, "\x1b[?7l", text, "\x1b[?7h")
	l.drawn = strings.Count(text, "\n")
}

func (l *live) erase() {
	if l.drawn > 0 {
		fmt.Fprintf(l.out, "\x1b[%dA\x1b[J", l.drawn) // up to the first line, and clear from there
	}
}

// lines prints one line a scene, for logs, once there is something to say.
type lines struct{ out io.Writer }

func (l lines) draw(sc scene, now rates) {
	total := sum(sc.routes())
	if total.Reduction == nil {
		return
	}
	fmt.Fprintf(l.out, "%s  polls in %s (%.1f/s)  calls out %s (%.1f/s)  reduction %s\n", clock(sc.Elapsed),
		grouped(total.Polls), now[""].polls, grouped(total.Upstream), now[""].calls, percentage(total.Reduction))
}

func clock(d time.Duration) string {
	seconds := int(d.Seconds())
	return fmt.Sprintf("%02d:%02d", seconds/60, seconds%60)
}

func bold(s string) string { return "\x1b[1m" + s + "\x1b[0m" }
