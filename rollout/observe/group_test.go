package observe

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func patternsOf(paths []string) []string {
	var all []*candidate
	for _, p := range paths {
		if s := segments(p); s != nil && !isStatic(p) {
			all = append(all, &candidate{path: p, segments: s})
		}
	}
	var patterns []string
	for _, p := range group(all) {
		patterns = append(patterns, p.String())
	}
	return patterns
}

func TestPatternsKeepWordsAndReplaceNames(t *testing.T) {
	projects := []string{"gitlab-org/gitlab", "gitlab-org/runner", "acme/shop", "acme/api", "tools/lint", "tools/ci", "web/www", "ops/infra", "data/lake"}
	each := func(form string) (paths []string) {
		for i, p := range projects {
			paths = append(paths, fmt.Sprintf(form, p, i+100))
		}
		return paths
	}
	tests := []struct {
		name  string
		paths []string
		want  []string
	}{
		{"one issue", []string{"/g/p/-/issues/1/realtime_changes"}, []string{"/g/p/-/issues/*/realtime_changes"}},
		{"issues of many projects", each("/%s/-/issues/%d/realtime_changes"), []string{"/*/*/-/issues/*/realtime_changes"}},
		{"of nested groups, too", append(each("/%s/-/issues/%d/realtime_changes"), each("/%s/sub-%d/-/issues/7/realtime_changes")...),
			[]string{"/**/-/issues/*/realtime_changes"}},
		{"issues beside epics", append(each("/%s/-/issues/%d/realtime_changes"), each("/%s/-/epics/%d/realtime_changes")...),
			[]string{"/*/*/-/epics/*/realtime_changes", "/*/*/-/issues/*/realtime_changes"}},
		{"merge requests", append(each("/%s/-/merge_requests/%d/cached_widget.json"), each("/%s/-/merge_requests/%d/pipelines.json")...),
			[]string{"/*/*/-/merge_requests/*/cached_widget.json", "/*/*/-/merge_requests/*/pipelines.json"}},
		{"importers", []string{"/import/github/realtime_changes.json", "/import/gitea/realtime_changes.json"},
			[]string{"/import/gitea/realtime_changes.json", "/import/github/realtime_changes.json"}},
		{"numbers with an ending", []string{"/api/jobs/17.json", "/api/jobs/18.json"}, []string{"/api/jobs/*.json"}},
		{"uuids and hashes", []string{"/api/tasks/0b1f6f6e-8a3c-4a3e-9d52-6f6b1f2b9c11/state", "/api/tasks/9f86d081884c7d65/state"}, []string{"/api/tasks/*/state"}},
		{"words at the end are never merged", []string{"/api/a", "/api/b", "/api/c", "/api/d", "/api/e", "/api/f", "/api/g", "/api/h", "/api/i"},
			[]string{"/api/a", "/api/b", "/api/c", "/api/d", "/api/e", "/api/f", "/api/g", "/api/h", "/api/i"}},
		{"nothing but a number", []string{"/1", "/2", "/3"}, nil},
		{"percent-encoded", []string{"/caf%C3%A9/1/status"}, []string{"/*/*/status"}},
		{"what no route matches", []string{"/a//b", "/a/../b", "/a/./b", "relative"}, nil},
		{"files", []string{"/assets/app-9f86d081.js", "/favicon.ico", "/packs/manifest", "/g/p/logo.png"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := patternsOf(tt.paths); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func FuzzEveryPathIsCoveredByItsPattern(f *testing.F) {
	for _, path := range []string{"/", "/a/1", "/g/p/-/issues/1/realtime_changes", "/a//b", "/%2e%2e/x", "/jobs/17.json", "/a.b.c/"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		s := segments(path)
		if s == nil {
			return
		}
		given := strings.Split(path[1:], "/")
		if len(given) != len(s) {
			t.Fatalf("segments(%q) = %q: got %d, want %d", path, s, len(s), len(given))
		}
		for i := range s {
			head, tail, isWild := strings.Cut(s[i], "*")
			covers := given[i] == s[i] || isWild && strings.HasPrefix(given[i], head) && strings.HasSuffix(given[i], tail)
			if !covers {
				t.Errorf("segment %q has pattern %q", given[i], s[i])
			}
		}
	})
}
