package observe

import (
	"testing"
	"time"
)

// answer is what who was given, who asked so many seconds after the start.
type answer struct {
	at    int64
	who   uint64
	state uint64
	took  int64 // seconds
}

func TestWhatTheFirstIsGivenNextTellsAChangeFromAnotherDocument(t *testing.T) {
	const a, b, c, x, y, z = 1, 2, 3, 10, 20, 30
	tests := []struct {
		name    string
		answers []answer
		want    []outcome // of each answer
	}{
		{"equal", []answer{{0, a, x, 0}, {1, b, x, 0}}, []outcome{nothing, agreed}},
		{"each its own", []answer{{0, a, x, 0}, {1, b, y, 0}, {3, a, x, 0}}, []outcome{nothing, nothing, differed}},
		{"a change", []answer{{0, a, x, 0}, {1, b, y, 0}, {3, a, y, 0}}, []outcome{nothing, nothing, changed}},
		{"two changes, or each its own and a change", []answer{{0, a, x, 0}, {1, b, y, 0}, {3, a, z, 0}}, []outcome{nothing, nothing, unresolved}},
		{"the first stays away", []answer{{0, a, x, 0}, {1, b, y, 0}, {9, b, y, 0}, {14, b, y, 0}}, []outcome{nothing, nothing, nothing, unresolved}},
		{"others come meanwhile", []answer{{0, a, x, 0}, {1, b, y, 0}, {2, c, z, 0}, {3, a, x, 0}}, []outcome{nothing, nothing, nothing, differed}},
		{"more than an interval apart", []answer{{0, a, x, 0}, {4, b, y, 0}}, []outcome{nothing, nothing}},
		{"one alone", []answer{{0, a, x, 0}, {1, a, y, 0}, {2, a, x, 0}}, []outcome{nothing, nothing, nothing}},
		{"the first is answered late, of before", []answer{{2, b, y, 0}, {0, a, x, 3}, {4, b, y, 0}}, []outcome{nothing, nothing, nothing}},
		{"the rival is answered late", []answer{{0, a, x, 0}, {1, b, y, 3}, {2, a, x, 0}, {5, a, y, 0}}, []outcome{nothing, nothing, nothing, changed}},
		{"at rest, again", []answer{{0, a, x, 0}, {1, b, x, 0}, {2, a, x, 0}, {3, b, x, 0}}, []outcome{nothing, agreed, agreed, nothing}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var d duel
			compared := map[uint64]*uint64{a: new(uint64), b: new(uint64), c: new(uint64)}
			for i, answer := range tt.answers {
				at := answer.at * int64(time.Second)
				g := given{answer.who, answer.state, at, at + answer.took*int64(time.Second)}
				got := d.meet(g, 3*time.Second, compared[answer.who])
				if got != tt.want[i] {
					t.Errorf("answer %d: got %v, want %v", i, got, tt.want[i])
				}
			}
		})
	}
}

func TestDryRunSetsAWrongSettingApartFromALateAnswer(t *testing.T) {
	tests := []struct {
		name                  string
		answers               []answer
		match, late, mismatch uint64
	}{
		{"nobody else", []answer{{0, 1, 10, 0}}, 0, 0, 0},
		{"equal", []answer{{0, 1, 10, 0}, {1, 2, 10, 0}, {2, 3, 10, 0}}, 2, 0, 0},
		{"a change", []answer{{0, 1, 10, 0}, {1, 2, 20, 0}, {2, 3, 20, 0}, {3, 1, 20, 0}}, 0, 2, 0},
		{"another's", []answer{{0, 1, 10, 0}, {1, 2, 20, 0}, {2, 3, 30, 0}, {3, 1, 10, 0}}, 1, 0, 2},
		{"the first stays away", []answer{{0, 1, 10, 0}, {1, 2, 20, 0}, {14, 2, 20, 0}}, 0, 1, 0},
		{"side by side with another's", []answer{{0, 1, 10, 2}, {1, 2, 20, 0}, {2, 1, 10, 0}}, 1, 0, 0},
		{"each interval is held anew", []answer{{0, 1, 10, 0}, {3, 2, 20, 0}, {4, 1, 20, 0}}, 1, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var try trial
			var match, late, mismatch uint64
			for _, a := range tt.answers {
				s := &Sighting{Who: a.who, Status: 200, Took: time.Duration(a.took) * time.Second}
				m, l, w := try.run(&look{Sighting: s, at: a.at * int64(time.Second), interval: 3 * time.Second, state: a.state})
				match, late, mismatch = match+m, late+l, mismatch+w
			}
			if match != tt.match || late != tt.late || mismatch != tt.mismatch {
				t.Errorf("match, late, mismatch: got %d, %d, %d, want %d, %d, %d", match, late, mismatch, tt.match, tt.late, tt.mismatch)
			}
		})
	}
}
