package demo

import (
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

func TestAFleetIsBlamedOnlyIfItContradictsItself(t *testing.T) {
	app := legacy.New(legacy.Options{})
	s := httptest.NewServer(app)
	defer s.Close()
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	through := &tour{theatre: &theatre{app: app, proxy: Proxy{URL: at}}}
	document := app.Documents()[0]
	if err := through.contradicts(t.Context(), document); err == nil {
		t.Error("a fleet in order is blamed")
	}
	app.Lapse()
	if err := through.contradicts(t.Context(), document); err != nil {
		t.Errorf("during a lapse: %v", err)
	}
	app.Mend()
	if err := through.contradicts(t.Context(), document); err == nil {
		t.Error("a fleet that is mended is blamed")
	}
}
