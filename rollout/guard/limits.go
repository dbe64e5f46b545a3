package guard

import (
	"cmp"
	"fmt"
)

// judgeStaleness judges what was answered from memory. There is nothing untreated
// to compare with: upstream's answers have no age.
func (m *Monitor) judgeStaleness(f *figures) Verdict {
	p := f.recent[treated].aged()
	if p.of < m.options.Polls {
		p = f.long.polls[treated].aged()
	}
	v := Verdict{Guard: Staleness, Treated: p.figure()}
	figures := fmt.Sprintf("treated %v older than %d intervals", p, staleIntervals)
	o, reason := m.judgeLimit(&m.suspects.stale, p, m.options.Stale)
	if lacking := needs(m.options.Polls, p.of, "treated answers from memory"); o != Fail && lacking != "" {
		return v.say(Hold, figures, lacking)
	}
	return v.say(o, figures, reason)
}

// judgeMismatches judges what upstream was asked again, or anyway. Shadow checks are
// about treated actors. Dry runs are about the others, and tell before it can hurt;
// they are counted apart, for they are so many that nothing else would be seen.
func (m *Monitor) judgeMismatches(c *rareCounts) Verdict {
	shadow, dry := c.differing(Shadow), c.differing(DryRun)
	v := Verdict{Guard: Mismatches, Treated: shadow.figure(), Untreated: dry.figure()}
	figures := fmt.Sprintf("treated %v shadow checks, untreated %v dry-run comparisons", shadow, dry)
	served, servedReason := m.judgeLimit(&m.suspects.shadow, shadow, m.options.Mismatch)
	would, wouldReason := m.judgeLimit(&m.suspects.dryRun, dry, m.options.Mismatch)
	lacking := needs(m.options.Checks, shadow.of+dry.of, "comparisons")
	switch {
	case served == Fail, would == Fail:
		return v.say(Fail, figures, "")
	case lacking != "":
		return v.say(Hold, figures, lacking)
	}
	return v.say(min(served, would), figures, cmp.Or(servedReason, wouldReason))
}

// judgeWatches judges whether what watches can be kept. Nobody untreated watches.
func (m *Monitor) judgeWatches(c *rareCounts) Verdict {
	p := c.watches()
	v := Verdict{Guard: Watches, Treated: p.figure()}
	figures := fmt.Sprintf("treated %v failed", p)
	o, reason := m.judgeLimit(&m.suspects.watches, p, m.options.Watch)
	if lacking := needs(m.options.Watches, p.of, "watches"); o != Fail && lacking != "" {
		return v.say(Hold, figures, lacking)
	}
	return v.say(o, figures, reason)
}
