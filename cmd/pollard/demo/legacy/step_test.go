package legacy_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

func TestTheNextStepOfEveryDocumentCanBeTaken(t *testing.T) {
	var edits []legacy.Edit
	app := legacy.New(legacy.Options{Edited: func(e legacy.Edit) { edits = append(edits, e) }})
	alice := app.SignIn("alice")
	for _, path := range app.Documents() {
		for range 2 { // what has been finished can be begun again
			step := app.NextStep(path)
			if got := submit(app, alice, "POST", step.Target, nil).StatusCode; got != http.StatusFound {
				t.Fatalf("%s of %s: got %d, want 302", step.Label, path, got)
			}
			want := legacy.Edit{Path: path, Tag: ask(app, alice, path).Header.Get("ETag"), Session: alice.Value}
			if got := edits[len(edits)-1]; got != want {
				t.Errorf("%s of %s: was told %+v, want %+v", step.Label, path, got, want)
			}
		}
	}
}

func TestAJobEndsAsItWasGoingTo(t *testing.T) {
	app := legacy.New(legacy.Options{})
	alice := app.SignIn("alice")
	for run, want := range []string{"success", "success", "success", "failed", "success"} {
		submit(app, alice, "POST", "/group/project/-/jobs/1/finish", nil)
		if text := body(t, ask(app, alice, job)); !strings.Contains(text, `"status":"`+want+`"`) || strings.Contains(text, `"started_at":null`) {
			t.Errorf("run %d: got %s, want it to be %s", run+1, text, want)
		}
		submit(app, alice, "POST", "/group/project/-/jobs/1/retry", nil)
	}
}

func TestWhatHappensByItselfIsNobodysEdit(t *testing.T) {
	var edits []legacy.Edit
	app := legacy.New(legacy.Options{Edited: func(e legacy.Edit) { edits = append(edits, e) }})
	if err := app.Change(job); err != nil || len(edits) != 1 || edits[0].Path != job || edits[0].Session != "" {
		t.Errorf("got %v and %+v, want one edit of the job, without a session", err, edits)
	}
}

func TestOnlyPagesBehindTheDoorCarryTheFurtherScript(t *testing.T) {
	app := legacy.New(legacy.Options{})
	alice := app.SignIn("alice")
	tag := `<script src="/-/further.js"></script>`
	for _, page := range []string{"/group/project/-/jobs/1", "/group/project/-/issues/1", "/import/github"} {
		behind := body(t, ask(legacy.WithScript(func() string { return "/-/further.js" }, app), alice, page))
		if at := strings.Index(behind, tag); at < 0 || at > strings.Index(behind, "/assets/poll.js") {
			t.Errorf("%s: got no tag ahead of the page's own in\n%s", page, behind)
		}
		if strings.Contains(body(t, ask(app, alice, page)), "further") {
			t.Errorf("%s: the other door's page carries it, too", page)
		}
	}
}
