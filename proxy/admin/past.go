package admin

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/pollard-proxy/pollard/proxy"
)

// Past is the last hour of a route, in columns: the n-th of each belongs to the
// n-th slot, of about ten seconds, the oldest first.
type Past struct {
	Route    string              `json:"route"`
	Ends     []float64           `json:"ends"`            // Unix time, by this machine's clock as it is now
	Seconds  []float64           `json:"seconds"`         // that the slot took
	Outcomes map[string][]uint32 `json:"outcomes"`        // polls
	Calls    map[string][]uint32 `json:"calls"`           // to the upstream, by reason
	Avoided  []float64           `json:"avoided"`         // modelled
	Watchers []int               `json:"watchers"`        // at the slot's end
	AgeP50   []*float64          `json:"staleness_p50_s"` // of what was served in the slot; null where nothing was
	AgeP99   []*float64          `json:"staleness_p99_s"`
	Bypasses []Bypass            `json:"bypasses"` // since the start, the most frequent first
}

// Bypass is a reason for which polls were not coalesced, and what to do about it.
type Bypass struct {
	Reason string `json:"reason"`
	Polls  uint64 `json:"polls"`
	Means  string `json:"means"` // with `code` in backticks, as is Do
	Do     string `json:"do"`
}

// Pace is the polls and calls per second of a route in the last five minutes, the
// oldest slot first: what a sparkline shows.
type Pace struct {
	Polls []float64 `json:"polls"`
	Calls []float64 `json:"calls"`
}

// sparkSlots is how many slots a sparkline shows.
const sparkSlots = 30

// history answers with the past of one route or, where none is named, the pace of
// all.
func (a *admin) history(w http.ResponseWriter, r *http.Request) {
	route := r.FormValue("route")
	if route == "" {
		paces := map[string]Pace{}
		for _, o := range a.Proxy.Routes() {
			paces[o.Name] = pace(a.History.slots(o.Name, sparkSlots))
		}
		writeJSON(w, paces)
		return
	}
	if !a.hasRoute(route) {
		http.Error(w, "there is no route "+route, http.StatusNotFound)
		return
	}
	past := a.History.past(route)
	past.Bypasses = bypasses(a.Ledger.Route(route).Totals().Bypass)
	writeJSON(w, past)
}

func (a *admin) hasRoute(name string) bool {
	return slices.ContainsFunc(a.Proxy.Routes(), func(r proxy.RouteOptions) bool { return r.Name == name })
}

func pace(slots []slot) Pace {
	p := Pace{Polls: []float64{}, Calls: []float64{}}
	for _, s := range slots {
		var polls, calls uint64
		for _, n := range s.polls {
			polls += uint64(n)
		}
		for _, n := range s.calls {
			calls += uint64(n)
		}
		seconds := max(s.took.Seconds(), 1)
		p.Polls, p.Calls = append(p.Polls, float64(polls)/seconds), append(p.Calls, float64(calls)/seconds)
	}
	return p
}

func (h *History) past(route string) Past {
	p := Past{
		Route: route, Ends: []float64{}, Seconds: []float64{}, Avoided: []float64{}, Watchers: []int{},
		Outcomes: map[string][]uint32{}, Calls: map[string][]uint32{},
	}
	now, running := float64(time.Now().UnixMilli())/1000, time.Since(h.began)
	all := h.slots(route, slots)
	for _, s := range all {
		p.Ends = append(p.Ends, now-(running-s.end).Seconds())
		p.Seconds = append(p.Seconds, s.took.Seconds())
		p.Avoided = append(p.Avoided, s.avoided)
		p.Watchers = append(p.Watchers, s.watchers)
	}
	for o := range outcomes {
		p.Outcomes[o.String()] = column(all, func(s *slot) uint32 { return s.polls[o] })
	}
	for reason := range reasons {
		p.Calls[reason.String()] = column(all, func(s *slot) uint32 { return s.calls[reason] })
	}
	p.AgeP50 = column(all, func(s *slot) *float64 { return seconds(s.age.p50) })
	p.AgeP99 = column(all, func(s *slot) *float64 { return seconds(s.age.p99) })
	return p
}

func seconds(age float32) *float64 {
	if age == unserved {
		return nil
	}
	v := float64(age)
	return &v
}

func column[V any](all []slot, of func(*slot) V) []V {
	values := make([]V, len(all))
	for i := range all {
		values[i] = of(&all[i])
	}
	return values
}

func bypasses(counts map[string]uint64) []Bypass {
	all := []Bypass{}
	for reason, polls := range counts {
		means, do := remedy(reason)
		all = append(all, Bypass{reason, polls, means, do})
	}
	slices.SortFunc(all, func(x, y Bypass) int {
		return cmp.Or(cmp.Compare(y.Polls, x.Polls), cmp.Compare(x.Reason, y.Reason))
	})
	return all
}
