package admin

import (
	"slices"
	"testing"
)

func TestAFleetSaysWhyItDoesNotActAsOne(t *testing.T) {
	member := func(name string, adapt func(*Member)) Member {
		m := Member{Name: name, Build: "1", Routes: "r", Mode: "together"}
		adapt(&m)
		return m
	}
	as := func(*Member) {}
	tests := []struct {
		name  string
		fleet Fleet
		want  []string
	}{
		{"one", Fleet{Self: member("a", as)}, []string{}},
		{"two alike", Fleet{Self: member("a", as), Others: []Member{member("b", as)}}, []string{}},
		{"without Redis", Fleet{Self: member("a", func(m *Member) { m.Mode = "alone" }), Why: "refused", Apart: "no answer"}, []string{
			"This instance asks upstream for itself: refused.",
			"The rollout is this instance's alone, and what is moved here holds here: no answer.",
		}},
		{"deaf", Fleet{Self: member("a", as), Others: []Member{member("b", func(m *Member) { m.Mode = "deaf" })}}, []string{
			"b asks upstream together with the others, but hears no hints from Redis and has to look.",
		}},
		{"in the middle of an upgrade", Fleet{Self: member("a", as), Others: []Member{member("b", as), member("c", func(m *Member) { m.Build, m.Routes = "2", "s" })}}, []string{
			"c is of another build: 2.", "c has routes configured otherwise.",
		}},
	}
	for _, test := range tests {
		if got := test.fleet.rifts(); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestTheSnapshotNamesTheInstanceAndItsFleet(t *testing.T) {
	_, alone := look(t, streaming(t, func(o *Options) { o.Name = "web-1:8080" }), 0)
	if s := snapshots(t, alone)[0]; s.Name != "web-1:8080" || s.Fleet != nil {
		t.Errorf("got %q and %+v, want its name, and no fleet", s.Name, s.Fleet)
	}
	_, joined := look(t, streaming(t, func(o *Options) {
		o.Fleet = func() *Fleet { return &Fleet{Name: "pollard", Self: Member{Mode: "alone"}, Why: "refused"} }
	}), 0)
	if f := snapshots(t, joined)[0].Fleet; f == nil || f.Name != "pollard" || len(f.Rifts) != 1 {
		t.Errorf("got %+v, want the fleet, with what is wrong", f)
	}
}
