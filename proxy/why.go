package proxy

import (
	"fmt"
	"strings"
	"time"

	"github.com/pollard-proxy/pollard/coalescer"
)

// why answers "why did this page not update?" in sentences: one for what becomes
// of its polls, and for each document what upstream last said, and when it is
// asked again.
func (e *Explanation) why(now time.Time) []string {
	switch {
	case e.Decision == "pass":
		return []string{"Pollard holds nothing back: polls of this URL pass through (" + e.Reason + "). Whatever the page shows is what upstream answered."}
	case e.Decision == "bypass":
		return []string{"Pollard holds nothing back: such a poll goes to upstream by itself (" + e.Reason + ")."}
	case len(e.Stored) == 0:
		return []string{"Nobody has polled or watched this URL on this instance for minutes: nothing is known here. Other instances know their own; and the page may have stopped asking."}
	}
	var said []string
	for i := range e.Stored {
		said = append(said, whyDocument(&e.Stored[i], now))
	}
	return said
}

// whyDocument tells of one document.
func whyDocument(s *coalescer.State, now time.Time) string {
	b := strings.Builder{}
	if n := len(s.Events); n == 0 {
		fmt.Fprintf(&b, "Document %s: upstream has not answered yet.", s.Document)
	} else {
		last := &s.Events[n-1]
		fmt.Fprintf(&b, "Document %s, %s: %s.", s.Document, when(last, now), spoken(last))
	}
	if s.Passing != "" {
		fmt.Fprintf(&b, " Its polls go by themselves for %s (%s).", rounded(s.PassUntil.Sub(now)), s.Passing)
	}
	if untold(s.Events) {
		b.WriteString(" Something told of a change before that, and upstream says that there is none: it may have been told too soon, or of something else.")
	}
	b.WriteString(" " + next(s, now))
	return b.String()
}

// spoken puts an event in words.
func spoken(e *coalescer.Event) string {
	switch e.Cause {
	case coalescer.CauseTouch:
		return "something told of a change (" + e.Detail + "), and upstream has not answered since"
	case coalescer.CauseWrite:
		return "who asks had written, or everything was made stale, and upstream has not answered since"
	case coalescer.CausePass:
		return fmt.Sprintf("a poll went by itself, and upstream answered %d%s", e.Status, bracketed(e.Detail))
	}
	return brought(e) + by(e.Cause)
}

// brought puts what came of a call in words.
func brought(e *coalescer.Event) string {
	switch e.Result {
	case coalescer.ResultFirst:
		return "this instance learnt a state for the first time, with the tag " + e.Tag
	case coalescer.ResultChanged:
		return "a new state came, with the tag " + e.Tag
	case coalescer.ResultSame:
		return "upstream says that nothing has changed, and the tag is still " + e.Tag
	case coalescer.ResultSameBody:
		return "another tag came (" + e.Tag + ") without one byte of the body being another: those who watch are told nothing"
	case coalescer.ResultSameTag:
		return "another body came under the same tag " + e.Tag + ": the tag does not follow the content, and until an audit upstream answers 304 to those who have it"
	case coalescer.ResultOutdated:
		return "there is another state (" + e.Tag + "), which has not been asked for yet"
	case coalescer.ResultRefused:
		return fmt.Sprintf("upstream refused whoever asked (%d)", e.Status)
	case coalescer.ResultAlone:
		return fmt.Sprintf("the answer was for one reader alone (%d, %s)", e.Status, e.Detail)
	case coalescer.ResultFailed:
		return "upstream failed" + bracketed(lacking(e)) + ", so nothing new can be known"
	case coalescer.ResultCovered:
		return "upstream failed" + bracketed(lacking(e)) + ", and the last good answer stands in"
	case coalescer.ResultAbandoned:
		return "the call was given up, as nobody waited any more"
	case coalescer.ResultMismatch:
		return "a 304 spoke of another tag than it was asked for, and was not believed"
	case coalescer.ResultOvertaken:
		return "an answer came later than a newer one, and was not used"
	}
	return "upstream was asked"
}

// by names who was told, where it was not the document's own call.
func by(cause string) string {
	switch cause {
	case coalescer.CauseProbe:
		return ", by the probe of its path"
	case coalescer.CauseCircle:
		return ", by another who was given the same"
	case coalescer.CauseTold:
		return ", by another instance"
	case coalescer.CauseSupply:
		return ", from the application itself"
	}
	return ""
}

// lacking says how upstream failed.
func lacking(e *coalescer.Event) string {
	if e.Status != 0 {
		return fmt.Sprint(e.Status)
	}
	return e.Detail
}

func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// when says how long ago an event was, and how often since when it has been.
func when(e *coalescer.Event, now time.Time) string {
	if e.Times == 1 {
		return rounded(now.Sub(e.Last)) + " ago"
	}
	if e.Times == 2 {
		return fmt.Sprintf("%s ago, and once %s before", rounded(now.Sub(e.Last)), rounded(e.Last.Sub(e.First)))
	}
	return fmt.Sprintf("%s ago, and %d times in the %s before", rounded(now.Sub(e.Last)), e.Times-1, rounded(e.Last.Sub(e.First)))
}

// untold reports whether the last that happened is that upstream denied news.
func untold(events []coalescer.Event) bool {
	n := len(events)
	return n > 1 && events[n-1].Result == coalescer.ResultSame && events[n-2].Cause == coalescer.CauseTouch
}

// next says when upstream is asked again, and because of whom.
func next(s *coalescer.State, now time.Time) string {
	wait := s.Due.Sub(now)
	switch {
	case s.InFlight:
		return "It is being asked now."
	case s.Watched && wait > 0:
		return "It is watched, and asked in " + rounded(wait) + "."
	case s.Watched:
		return "It is watched, and asked now."
	case wait > 0:
		return "Nobody watches it; it is asked by the first poll after " + rounded(wait) + "."
	}
	return "Nobody watches it; it is asked by the next poll, and if none comes the page has stopped polling."
}

// rounded prints a duration as people say it.
func rounded(d time.Duration) string {
	if d >= time.Second {
		return d.Round(time.Second).String()
	}
	return max(d, 0).Round(time.Millisecond).String()
}
