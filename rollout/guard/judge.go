package guard

import (
	"cmp"
	"fmt"
)

// say completes v, whose figures are said as figures, for a reason that is "" where
// they speak for themselves.
func (v Verdict) say(o Outcome, figures, reason string) Verdict {
	v.Outcome = o
	v.Text = v.Guard + ": " + figures
	if reason != "" {
		v.Text += "; " + reason
	}
	return v
}

// Why a guard holds, or passes without having compared.
const (
	byFewActors = "it is few actors who fare worse"
	notYet      = "worse, and not yet beyond chance"
	alone       = "nothing untreated to compare with"
)

// lacking returns what polls a guard needs on either side, "" if none.
func (m *Monitor) lacking(t, u portion) string {
	return cmp.Or(needs(m.options.Polls, t.of, "treated polls"), needs(m.options.Polls, u.of, "untreated polls"))
}

// A comparison of treated with untreated is one test of a guard.
type comparison struct {
	evidence *evidence
	of       aspect
	floor    float64
}

// judge returns what c says of the window w, and why if it is not Pass.
func (m *Monitor) judge(c comparison, w *round) (Outcome, string) {
	t, u := w[treated].sum(c.of), w[untreated].sum(c.of)
	convicted := m.convicts(c.evidence)
	switch {
	case convicted && differ(&w[treated], &w[untreated], c.of):
		return Fail, ""
	case convicted:
		return Hold, byFewActors
	case c.evidence.isDoubtful(), !tolerated(t, u, c.floor):
		return Hold, notYet
	}
	return Pass, ""
}

// judgeLimit returns what evidence and the window say of a share that may be at most
// most.
func (m *Monitor) judgeLimit(e *evidence, p portion, most float64) (Outcome, string) {
	switch {
	case m.convicts(e):
		return Fail, ""
	case e.isDoubtful(), p.share() > most:
		return Hold, notYet
	}
	return Pass, ""
}

func (m *Monitor) judgeErrors(f *figures) Verdict {
	w := f.window(m.options.Polls, failures)
	t, u := w[treated].sum(failures), w[untreated].sum(failures)
	v := Verdict{Guard: Errors, Treated: t.figure(), Untreated: u.figure()}
	figures := fmt.Sprintf("treated %v, untreated %v", t, u)
	o, reason := m.judge(comparison{&m.suspects.errors, failures, m.options.Errors}, w)
	if o == Fail {
		return v.say(Fail, figures, "")
	}
	own, ownReason := m.judgeOurs(&w[treated])
	lacking := m.lacking(t, u)
	switch {
	case own == Fail:
		return v.say(Fail, figures, fmt.Sprintf("%v through Pollard's own doing", w[treated].sum(owns)))
	case u.of == 0 && t.of >= m.options.Polls:
		return v.say(own, figures, cmp.Or(ownReason, alone+": judged by Pollard's own failures alone"))
	case lacking != "":
		return v.say(Hold, figures, lacking)
	}
	return v.say(min(o, own), figures, cmp.Or(reason, ownReason))
}

// judgeOurs judges Pollard's own failures. One client may run into a limit again and
// again.
func (m *Monitor) judgeOurs(t *tally) (Outcome, string) {
	o, reason := m.judgeLimit(&m.suspects.ours, t.sum(owns), m.options.Ours)
	if o == Fail && t.groupsWith(owns) < fewGroups {
		return Hold, byFewActors
	}
	return o, reason
}
