package advice

import (
	"fmt"
	"math"

	"github.com/pollard-proxy/pollard/rollout/observe"
)

// How sure one must be. If no pair of n differed, then with 95 % confidence fewer
// than 1-0.05^(1/n) of all do, which is about 3/n (the rule of three: Hanley and
// Lippman-Hand, JAMA 1983). Pairs of a few identities alone say little of the
// rest, however many they are.
const (
	confidence = 0.95

	newsBound      = 0.01 // for `changes`: what is wrong there is told late, and to nobody else
	newsIdentities = 10
	bodyBound      = 0.001 // to ask the operator about `everything`
	bodyIdentities = 30

	// tooMany is the share of pairs that may be unresolved beside those that
	// agreed, and of tags that may differ where bodies do not.
	tooMany = 0.2
)

// pairsFor returns how many pairs that agree it takes to say that fewer than
// bound differ.
func pairsFor(bound float64) uint64 {
	return uint64(math.Ceil(math.Log(1-confidence) / math.Log(1-bound)))
}

// judgeShare decides what may be shared.
func (a *Advice) judgeShare(e *observe.Evidence) {
	a.Share = "nothing"
	if why := objection(e); why != "" {
		a.reason("%s", why)
		return
	}
	if e.Same < pairsFor(newsBound) || e.Compared < newsIdentities {
		a.thin(e, pairsFor(newsBound), newsIdentities, "to judge `share: changes`")
		return
	}
	a.reason("no pair of %s differed, of %s identities", grouped(e.Same), grouped(e.Compared))
	if why := a.againstNews(e); why != "" {
		a.reason("`share: changes` is not for this route: %s", why)
	} else {
		a.Share = "changes"
		a.reason("whether upstream gives its tags to probes, which have no credentials, traffic does not tell; if not, `share: verified` saves %s", a.saves("coalesce", "verified"))
	}
	a.ask(e)
}

// objection returns why nothing may be shared, or "".
func objection(e *observe.Evidence) string {
	pairs := e.Same + e.Differed + e.Unresolved
	switch {
	case e.Differed > 0:
		return fmt.Sprintf("%s of %s concurrent pairs differed: who asks decides what is given", grouped(e.Differed), grouped(pairs))
	case e.Mismatch > 0:
		return fmt.Sprintf("%s of %s polls would have been given another answer than upstream's, as the route is set now",
			grouped(e.Mismatch), grouped(e.Match+e.Late+e.Mismatch))
	case e.Hashed == 0:
		return "what may be shared cannot be judged: bodies were not seen. A log does not have them; a route at `observe` does"
	case e.SetsCookie+e.NoStore > 0 && share(max(e.SetsCookie, e.NoStore), e.Polls) > 0.01:
		return fmt.Sprintf("%s answers of %s say by Set-Cookie or no-store that they are for one reader", grouped(max(e.SetsCookie, e.NoStore)), grouped(e.Polls))
	case variesByIdentity(e):
		return "answers vary on a field that says who asks"
	case float64(e.Unresolved) > tooMany*float64(e.Same) && e.Unresolved > 0 && e.Same > 0:
		return fmt.Sprintf("of %s concurrent pairs %s changed too fast to tell whether they differ", grouped(pairs), grouped(e.Unresolved))
	}
	return ""
}

func variesByIdentity(e *observe.Evidence) bool {
	for _, field := range []string{"*", "Cookie", "Authorization"} {
		if e.Vary[field] > 0 {
			return true
		}
	}
	return false
}

// againstNews returns why one identity's news would not serve another, or "".
func (a *Advice) againstNews(e *observe.Evidence) string {
	nothing, changes := a.saves("coalesce", "nothing").Point, a.saves("coalesce", "changes").Point
	tags := e.TagsSame + e.TagsApart
	switch {
	case tags == 0:
		return "its answers have no tags, and tags are all that a probe sees"
	case float64(e.TagsApart) > tooMany*float64(tags):
		return fmt.Sprintf("each identity has its own tags (%s of %s pairs), so that one's say nothing of another's", grouped(e.TagsApart), grouped(tags))
	case changes <= nothing:
		return "its documents have one identity each at a time, so that probes would come in addition"
	}
	return ""
}

// thin says that there is not enough evidence.
func (a *Advice) thin(e *observe.Evidence, pairs, identities uint64, what string) {
	if e.Same+e.Unresolved == 0 && e.Attended <= e.Open+e.Open/100 {
		a.reason("no two identities were at one document within an interval: there is nothing to share")
		return
	}
	if e.Same < pairs {
		a.Needs = append(a.Needs, needs(e.Same, pairs, e, "concurrent pair")+" "+what)
	}
	if e.Compared < identities {
		a.Needs = append(a.Needs, needs(e.Compared, identities, e, "identity")+" in such pairs "+what)
	}
}

// ask puts the question that no traffic answers.
func (a *Advice) ask(e *observe.Evidence) {
	saved := a.saves("coalesce", "everything").Point
	if saved <= a.saves("coalesce", a.Share).Point {
		return
	}
	if e.Same < pairsFor(bodyBound) || e.Compared < bodyIdentities {
		a.thin(e, pairsFor(bodyBound), bodyIdentities, "before `share: everything` is worth a question")
		return
	}
	a.Question = fmt.Sprintf("Is it public? No pair of %s differed; that is not proof that it is. If it is, `share: everything` would save %s at coalesce.",
		grouped(e.Same), percent(saved))
}
