package demo

import "time"

// window is the time over which rates are taken: a little more than one poll interval, so that they do not jump with it.
const window = 4 * time.Second

// A meter remembers the scenes of the last few seconds.
type meter struct{ scenes []scene }

// rate returns how fast the counts have grown over the window that ends with now.
func (m *meter) rate(now scene) rate {
	m.scenes = append(m.scenes, now)
	for len(m.scenes) > 2 && now.At.Sub(m.scenes[1].At) >= window {
		m.scenes = m.scenes[1:]
	}
	seconds := now.At.Sub(m.scenes[0].At).Seconds()
	if seconds <= 0 {
		return rate{}
	}
	before, after := sum(m.scenes[0].routes()), sum(now.routes())
	return rate{
		polls: float64(after.Polls-before.Polls) / seconds,
		calls: float64(after.Upstream-before.Upstream) / seconds,
	}
}
