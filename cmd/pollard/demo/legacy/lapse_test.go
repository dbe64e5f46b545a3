package legacy_test

import (
	"net/http"
	"testing"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

func TestDuringALapseDocumentsChangeAndTheirStampsDoNot(t *testing.T) {
	told := 0
	app := legacy.New(legacy.Options{Edited: func(legacy.Edit) { told++ }})
	alice, document := app.SignIn("alice"), app.Documents()[0]
	fetch := func(condition ...string) (status int, text, tag string) {
		response := ask(app, alice, document, condition...)
		return response.StatusCode, body(t, response), response.Header.Get("ETag")
	}
	_, before, tag := fetch()
	app.Lapse()
	if err := app.Change(document); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := fetch("If-None-Match", tag); status != http.StatusNotModified {
		t.Errorf("with a condition: got %d, want 304", status)
	}
	if _, after, same := fetch(); after == before || same != tag {
		t.Errorf("without one: got %s under %s, want another body under %s", after, same, tag)
	}
	if told != 0 {
		t.Errorf("got %d edits told, want none: no stamp is new", told)
	}
	app.Mend()
	if status, _, renewed := fetch("If-None-Match", tag); status != http.StatusOK || renewed == tag || told != len(app.Documents()) {
		t.Errorf("mended: got %d under %s and %d edits told, want 200 under a new stamp and every document told", status, renewed, told)
	}
}
