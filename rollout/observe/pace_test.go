package observe

import (
	"math/rand/v2"
	"testing"
	"time"
)

// beats are moments at which k tabs poll, each at the same period and with some
// jitter after it.
func beats(rng *rand.Rand, k int, period, jitter time.Duration, n int) []int64 {
	next := make([]int64, k)
	for i := range next {
		next[i] = rng.Int64N(int64(period))
	}
	var all []int64
	for range n {
		first := 0
		for i := range next {
			if next[i] < next[first] {
				first = i
			}
		}
		all = append(all, next[first])
		next[first] += int64(period) + rng.Int64N(int64(jitter)+1)
	}
	return all
}

func TestTabsOfOneClientAreToldApart(t *testing.T) {
	for k := 1; k <= 3; k++ {
		right := 0
		for seed := range uint64(200) {
			var p pace
			for _, at := range beats(rand.New(rand.NewPCG(seed, 1)), k, 3*time.Second, 60*time.Millisecond, 60) {
				p.beat(at)
			}
			if off := p.period() - 3*time.Second; p.tabs() == k && off > -100*time.Millisecond && off < 200*time.Millisecond {
				right++
			}
		}
		if right < 180 {
			t.Errorf("%d tabs: right for %d of 200 clients, want 180 and more", k, right)
		}
	}
}

func TestOnlyASteadyPaceIsPolling(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	every := func(d time.Duration, n int) (at []int64) {
		for i := range n {
			at = append(at, int64(d)*int64(i))
		}
		return at
	}
	random := func(mean float64, n int) (at []int64) {
		now := 0.0
		for range n {
			now += rng.ExpFloat64() * mean
			at = append(at, int64(now*1e9))
		}
		return at
	}
	tests := []struct {
		name string
		at   []int64
		want bool
	}{
		{"three times", every(3*time.Second, 3), false},
		{"four times", every(3*time.Second, 4), true},
		{"every ten minutes", every(10*time.Minute, 5), true},
		{"every quarter of an hour", every(15*time.Minute, 5), false},
		{"ten times a second", every(100*time.Millisecond, 20), false},
		{"a reader who comes back", random(60, 40), false},
		{"with jitter", beats(rng, 1, 10*time.Second, 2*time.Second, 20), true},
	}
	for _, tt := range tests {
		var p pace
		for _, at := range tt.at {
			p.beat(at)
		}
		if got := p.isSteady(); got != tt.want {
			t.Errorf("%s: got steady %t, want %t (mean %v, deviation %v)", tt.name, got, tt.want, p.mean, p.dev)
		}
	}
}

func TestALineThatComesLateIsNoBreak(t *testing.T) {
	var p pace
	for _, s := range []int64{0, 3, 6, 5, 9, 12} {
		if _, repeats := p.beat(s * int64(time.Second)); !repeats && s > 0 {
			t.Errorf("at %d s: got a new visit, want a repeat", s)
		}
	}
}

func TestAClientThatWasAwayComesAnew(t *testing.T) {
	var p pace
	for _, s := range []int64{0, 3, 6, 9} {
		p.beat(s * int64(time.Second))
	}
	if gap, repeats := p.beat(100 * int64(time.Second)); repeats || gap != 0 {
		t.Errorf("after 91 s of a pace of 3 s: got repeats %t after %v, want a new visit", repeats, gap)
	}
}

// A pace of 3.5 s, in a log that knows the second only, is 3, 4, 3, 4: two tabs of
// 7 s would be as regular.
func TestTimesToTheSecondDoNotMakeTwoTabsOfOne(t *testing.T) {
	for _, period := range []time.Duration{1050, 2300, 2500, 3500, 4250, 10500, 30500} {
		p := pace{raw: true}
		for i := range 40 {
			at := time.Duration(i) * period * time.Millisecond
			p.beat(int64(at.Truncate(time.Second)))
		}
		if off := p.period() - period*time.Millisecond; p.tabs() != 1 || off < -400*time.Millisecond || off > 400*time.Millisecond {
			t.Errorf("every %v: got %d tabs that ask every %v, want one", period*time.Millisecond, p.tabs(), p.period())
		}
	}
}

func TestTwoTabsAreToldApartByTheSecond(t *testing.T) {
	p := pace{raw: true}
	for i := range 40 {
		p.beat(int64(i/2*10+i%2*3) * int64(time.Second))
	}
	if p.tabs() != 2 || p.period() != 10*time.Second {
		t.Errorf("got %d tabs that ask every %v, want 2 every 10s", p.tabs(), p.period())
	}
}
