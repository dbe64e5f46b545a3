package migration

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// interval is what the fleet's pages wait between two polls. GitLab's wait 3 to 60 s.
const interval = 2 * time.Second

// kind is what the fleet's pages poll on one route.
type kind struct {
	name, share string
	pattern     string // of the URLs, as ServeMux has it
	documents   int    // that people look at
	visits      int    // in a day
	changes     time.Duration
	personal    bool    // one URL, and everyone is given something else
	paced       bool    // upstream says Poll-Interval
	conditional float64 // share of visits by pages that send If-None-Match
	tabs        float64 // share of visits in two tabs
}

// kinds are those of a fleet like GitLab's.
func kinds() []*kind {
	return []*kind{
		{name: "realtime_changes", share: "changes", pattern: "/{group}/{project}/-/issues/{n}/realtime_changes",
			documents: 6, visits: 90, changes: 12 * time.Second, paced: true, conditional: 1, tabs: 0.1},
		{name: "job", share: "nothing", pattern: "/{group}/{project}/-/jobs/{n}/trace",
			documents: 60, visits: 60, changes: 2 * time.Second, tabs: 0.3},
		{name: "status", share: "everything", pattern: "/status.json",
			documents: 1, visits: 80, changes: 7 * time.Second, conditional: 0.5},
		{name: "importer", share: "nothing", pattern: "/import/gitlab/realtime_changes.json",
			documents: 1, visits: 60, changes: 4 * time.Second, personal: true, conditional: 0.5, tabs: 0.3},
		{name: "notes", share: "verified", pattern: "/{group}/{project}/noteable/issue/{n}/notes",
			documents: 5, visits: 70, changes: 10 * time.Second, paced: true, conditional: 0.8},
	}
}

// url is that of one of its documents.
func (k *kind) url(n int) string {
	return strings.NewReplacer("{group}", "group", "{project}", fmt.Sprintf("project-%d", n%3), "{n}", fmt.Sprint(1000+n)).Replace(k.pattern)
}

// state is how often a document has changed by some time.
func (k *kind) state(document string, at time.Duration) int {
	phase := float64(hashOf(document)%1000) / 1000
	return int(at.Seconds()/k.changes.Seconds() + phase)
}

// path is the pattern as Pollard has it.
func (k *kind) path() string {
	return strings.NewReplacer("{group}", "*", "{project}", "*", "{n}", "*").Replace(k.pattern)
}

// config is the route, in YAML.
func (k *kind) config(stage string) string {
	return fmt.Sprintf("  - {name: %s, path: %q, stage: %s, share: %s, interval: %v, holdout: 0}\n", k.name, k.path(), stage, k.share, interval)
}

// visit is one tab that is open for a while.
type visit struct {
	kind        *kind
	url         string
	cookie      http.Header // and the address of whoever came
	user        string
	from, until time.Duration
	conditional bool
	takesPush   bool
	wait        time.Duration // between two polls
}

// pushable is the share of visits by pages that take push.
const pushable = 0.97

// lasting is the share of visits that last for the rest of the day, as tabs do that
// nobody closes.
const lasting = 0.75

// plan is a day of visits. The same seed plans the same day.
func plan(seed uint64, day time.Duration) (visits []visit) {
	r := rand.New(rand.NewPCG(seed, 0))
	for _, k := range kinds() {
		for n := range k.visits {
			v := visit{kind: k, url: k.url(n % k.documents), user: fmt.Sprintf("%s-%d", k.name, n)}
			v.from, v.until = moment(r, day), day
			if r.Float64() > lasting {
				v.until = min(day, v.from+day/8+time.Duration(r.ExpFloat64()*float64(day/4)))
			}
			v.conditional, v.takesPush = r.Float64() < k.conditional, r.Float64() < pushable
			v.cookie = http.Header{"Cookie": {"session=" + v.user}, "X-Forwarded-For": {fmt.Sprintf("10.%d.%d.%d", len(k.name), n/250, n%250)}}
			for range 1 + int(r.Float64()+k.tabs) {
				v.wait = interval + time.Duration(20+r.IntN(40))*time.Millisecond
				visits = append(visits, v)
				v.from += time.Duration(r.Float64() * float64(interval))
			}
		}
	}
	return visits
}

// moment draws when somebody comes: most in the middle of the day's first half.
func moment(r *rand.Rand, day time.Duration) time.Duration {
	for {
		at := r.Float64() / 2
		if r.Float64() < 0.5-0.5*math.Cos(4*math.Pi*at) {
			return time.Duration(at * float64(day))
		}
	}
}
