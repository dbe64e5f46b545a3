package demo

import "time"

// window is the time over which rates are taken: a little more than one poll interval, so that they do not jump with it.
const window = 4 * time.Second

// A meter remembers the scenes of the last few seconds.
type meter struct{ scenes []scene }

// rates returns how fast the counts have grown over the window that ends with now.
func (m *meter) rates(now scene) rates {
	m.scenes = append(m.scenes, now)
	for len(m.scenes) > 2 && now.At.Sub(m.scenes[1].At) >= window {
		m.scenes = m.scenes[1:]
	}
	before := map[string]row{}
	for _, r := range m.scenes[0].Rows {
		before[r.Name] = r
	}
	seconds := now.At.Sub(m.scenes[0].At).Seconds()
	if seconds <= 0 {
		return nil
	}
	grown := rates{}
	var all rate
	for _, r := range now.Rows {
		one := rate{
			polls: float64(r.Polls-before[r.Name].Polls) / seconds,
			calls: float64(r.Upstream-before[r.Name].Upstream) / seconds,
		}
		grown[r.Name] = one
		all.polls += one.polls
		all.calls += one.calls
	}
	grown[""] = all
	return grown
}
