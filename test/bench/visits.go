//go:build linux

package main

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// The workload in real time. How long GitLab's people watch a job is not published. Here polls are 13 for a state that is seen,
// and somewhat more: GitLab's signals left a call for 13.4 polls.
const (
	jobPollEvery  = 30 * time.Second
	arrivals      = 5 * time.Minute // everybody comes within
	shortestVisit = 10 * time.Minute
	longestVisit  = 40 * time.Minute
	jobChanges    = 2 // of each job while it is watched: it begins, it ends
)

// visit is one person with the page of one job.
type visit struct {
	id      string
	comes   time.Duration   // after the beginning
	stays   time.Duration   // from then on
	changes []time.Duration // of the job, from the beginning
}

// visits are the same for everybody who asks for as many, compressed in time.
func visits(n, compress int) []visit {
	random := rand.New(rand.NewPCG(1, 2))
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(random.Int64N(int64(most-least)))
	}
	all := make([]visit, n)
	for i := range all {
		v := visit{id: strconv.Itoa(i), comes: between(0, arrivals), stays: between(shortestVisit, longestVisit)}
		for range jobChanges {
			v.changes = append(v.changes, v.comes+between(jobPollEvery, v.stays-2*jobPollEvery))
		}
		all[i] = v.compressed(compress)
	}
	return all
}

func (v visit) compressed(by int) visit {
	v.comes, v.stays = v.comes/time.Duration(by), v.stays/time.Duration(by)
	for i := range v.changes {
		v.changes[i] /= time.Duration(by)
	}
	return v
}

// polls is how many the page sends, at so many intervals.
func (v visit) polls(every time.Duration) int { return int(v.stays/every) + 1 }
