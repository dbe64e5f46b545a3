package proxy

import "testing"

func TestFinderFindsWhatTheHandlerWould(t *testing.T) {
	f, err := NewFinder([]RouteOptions{
		{Name: "issue", Path: "/**/-/issues/*/realtime_changes", IgnoreQuery: []string{"_"}},
		{Name: "all", Path: "/polls/**"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/g/p/-/issues/1/realtime_changes": "issue",
		"/polls/-/issues/1":                "all",
		"/g/p":                             "",
		"/polls/../secret":                 "",
	} {
		got := ""
		if rt := f.Find(path); rt != nil {
			got = rt.Name
		}
		if got != want {
			t.Errorf("%s: got route %q, want %q", path, got, want)
		}
	}
	if got := f.Find("/g/p/-/issues/1/realtime_changes").KeyQuery("?_=1&a=b"); got != "?a=b" {
		t.Errorf("got query %q, want ?a=b", got)
	}
	if _, err := NewFinder([]RouteOptions{{Path: "no/pattern"}}); err == nil {
		t.Error("got no error for a pattern that is none")
	}
}
