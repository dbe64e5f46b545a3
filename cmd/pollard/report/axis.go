package report

import "time"

// mostTicks fit below a chart on a telephone.
const mostTicks = 6

// A tick is a time that is written below a chart, and how far to the right.
type tick struct {
	Right float64 // percent of the width
	Label string
}

// steps are what may lie between two ticks.
var steps = []time.Duration{15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 14 * day, 28 * day}

// ticks are of whole steps since the midnight before a time. Days have their date.
func ticks(from, to time.Time) []tick {
	step := steps[len(steps)-1]
	for _, s := range steps {
		if to.Sub(from)/s <= mostTicks-1 {
			step = s
			break
		}
	}
	var all []tick
	y, m, d := from.Date()
	for at := time.Date(y, m, d, 0, 0, 0, 0, from.Location()); !at.After(to); at = at.Add(step) {
		if at.Before(from) {
			continue
		}
		label := at.Format("15:04")
		if label == "00:00" || step >= day {
			label = at.Format("2 Jan")
		}
		all = append(all, tick{100 * at.Sub(from).Seconds() / to.Sub(from).Seconds(), label})
	}
	return all
}
