package proxy

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAMessageStandsForThePathsThatItsTemplatesName(t *testing.T) {
	const issue = `{"object_kind":"issue","project":{"id":7,"path_with_namespace":"g/sub group/p"},
		"object_attributes":{"iid":12345678901234567890,"title":"a?b","dots":"..","draft":false,"up":"../x","empty":"","nested":{"a":1},"percent":"50%","list":[1]}}`
	tests := []struct{ template, want string }{
		{"/{project.path_with_namespace*}/-/issues/{object_attributes.iid}/changes", "/g/sub%20group/p/-/issues/12345678901234567890/changes"},
		{"/{project.path_with_namespace}/-/issues/{object_attributes.iid}/changes", ""},
		{"/fixed", "/fixed"},
		{"/k/{object_kind}.json?id={project.id}", "/k/issue.json?id=7"},
		{"/d/{object_attributes.draft}", "/d/false"},
		{"/t/{object_attributes.title}", ""}, // matches no route
		{"/t/{object_attributes.percent}", ""},
		{"/t/{object_attributes.dots}/x", ""},
		{"/t/{object_attributes.up*}", ""},
		{"/t/{object_attributes.empty}", ""},
		{"/t/{object_attributes.nested}", ""},
		{"/t/{object_attributes.list}", ""},
		{"/t/{object_attributes.missing}", ""},
		{"/t/{object_kind.missing}", ""},
	}
	message := decodeMessage(t, issue)
	for _, test := range tests {
		w, err := ParseWebpath(test.template)
		if err != nil {
			t.Errorf("%s: %v", test.template, err)
			continue
		}
		got, ok := w.Path(message)
		if ok != (test.want != "") || ok && got != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.template, got, ok, test.want)
		}
	}
}

func decodeMessage(t testing.TB, text string) (message map[string]any) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&message); err != nil {
		t.Fatal(err)
	}
	return message
}

func TestATemplateThatIsNoneIsRefused(t *testing.T) {
	for _, template := range []string{"", "x", "{a}", "/{", "/}", "/{}", "/{a", "/{a}}", "/{{a}}", "/{a..b}", "/{*}", "/{a*b}", "/a//{b}", "/../{b}", "/%2F{b}"} {
		if _, err := ParseWebpath(template); err == nil {
			t.Errorf("%q: got no error", template)
		}
	}
}

// Whatever a message holds, what it stands for is one path, with as many segments
// as the template has.
func FuzzWebpath(f *testing.F) {
	f.Add("g/p", "1")
	f.Add("../..", "?x#y")
	f.Add("%2F", "a/b")
	w, err := ParseWebpath("/p/{one}/{two}/end")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		path, ok := w.Path(map[string]any{"one": one, "two": two})
		if !ok {
			return
		}
		segments := split(path)
		if len(segments) != 4 || segments[1] != one || segments[2] != two || strings.ContainsAny(path, "?#") {
			t.Errorf("%q, %q: got %q", one, two, path)
		}
	})
}
