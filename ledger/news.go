package ledger

import "time"

// A Source is what tells that documents changed. It is the label in metrics and the
// word in the configuration.
type Source string

// The sources.
const (
	TouchAPI   Source = "touch"   // POST /api/v1/touch
	Writes     Source = "writes"  // unsafe requests that passed through
	Webhook    Source = "webhook" // POST /api/v1/webhook/NAME
	RedisNews  Source = "redis"   // a channel of the fleet's Redis
	GitLabNews Source = "gitlab"  // GitLab's entity tags in its Redis

	// FleetNews is what other instances were told, as touch, writes or webhook, by which
	// names it is counted. As a source it is only alive or not.
	FleetNews Source = "fleet"
)

// News counts pieces of news about a route: paths and patterns that a source named.
func (r *Route) News(s Source, pieces int) {
	r.news.WithLabelValues(string(s)).Add(float64(pieces))
}

// NewsDelay records how long it took from when news of a watched document came until
// the upstream had answered what it was asked because of them.
func (r *Route) NewsDelay(s Source, d time.Duration) {
	r.newsDelay.WithLabelValues(string(s)).Observe(d.Seconds())
}

// NewsAlive records whether every source that covers the route is alive.
func (r *Route) NewsAlive(alive bool) {
	if alive {
		r.newsAlive.WithLabelValues().Set(1)
		return
	}
	r.newsAlive.WithLabelValues().Set(0)
}

// NewsUncovered forgets whether sources are alive, of a route that names none.
func (r *Route) NewsUncovered() { r.newsAlive.Delete(nil) }
