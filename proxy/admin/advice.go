package admin

import (
	"net/http"
	"slices"
	"time"

	"github.com/pollard-proxy/pollard/rollout/advice"
)

// Advised is advice and the entry under `routes:` that follows it.
type Advised struct {
	advice.Advice
	YAML string `json:"yaml"`
}

// advice tells what observing has learnt, and of which routes something can go.
func (a *admin) advice(w http.ResponseWriter, _ *http.Request) {
	var all []advice.Advice
	if o := a.Proxy.Observer; o != nil {
		all = advice.All(o.Evidence(time.Now()))
	}
	for _, r := range Routes(a.Proxy, a.Ledger, a.Ladder.State()) {
		if r.Retirable != nil {
			all = retire(all, r)
		}
	}
	advised := []Advised{}
	for _, one := range all {
		advised = append(advised, Advised{one, advice.YAML(one)})
	}
	writeJSON(w, advised)
}

// retire adds to the advice on a route that it can be retired. Perhaps there is none
// yet: where everybody watches, nothing passes to learn from.
func retire(all []advice.Advice, r Route) []advice.Advice {
	i := slices.IndexFunc(all, func(a advice.Advice) bool { return a.Route == r.Name && !a.IsNew })
	if i < 0 {
		return append(all, advice.Retired(r.Name, r.Share, r.Retirable))
	}
	all[i].Retirement = r.Retirable
	return all
}
