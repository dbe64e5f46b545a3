package dashboards

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/pollard-proxy/pollard/proxy/admin"
)

// console is one that is open in Chromium.
type console struct {
	admin string
	conn  *websocket.Conn // to the page, by the DevTools protocol
	calls int
}

// openConsole opens the console of an instance, until the test ends.
func openConsole(t *testing.T, chromium, admin string) *console {
	t.Helper()
	said := start(t, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--remote-debugging-port=0", "--user-data-dir="+t.TempDir(), "about:blank")
	listening := regexp.MustCompile(`DevTools listening on ws://([^/]+)/`)
	var found []string
	eventually(t, func() error {
		if found = listening.FindStringSubmatch(said.String()); found == nil {
			return errors.New("Chromium does not listen")
		}
		return nil
	})
	r, err := http.NewRequest(http.MethodPut, "http://"+found[1]+"/json/new?"+url.QueryEscape(admin+"/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var page struct{ WebSocketDebuggerURL string }
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	conn, _, err := websocket.DefaultDialer.Dial(page.WebSocketDebuggerURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &console{admin: admin, conn: conn}
}

// evaluate returns the text that an expression has in the page.
func (c *console) evaluate(expr string) (string, error) {
	c.calls++
	if err := c.conn.WriteJSON(map[string]any{"id": c.calls, "method": "Runtime.evaluate", "params": map[string]string{"expression": expr}}); err != nil {
		return "", err
	}
	for {
		var answer struct {
			ID     int
			Result struct{ Result struct{ Value string } }
		}
		if err := c.conn.ReadJSON(&answer); err != nil || answer.ID == c.calls {
			return answer.Result.Result.Value, err
		}
	}
}

// wantRoute waits until the page of a route shows the sums of its past.
func (c *console) wantRoute(t *testing.T, past admin.Past) {
	t.Helper()
	want := fmt.Sprintf("%s Polls, by outcome: %.0f%s Calls, by reason: %.0f%s", past.Route,
		total(past.Outcomes), shares(past.Outcomes), total(past.Calls), shares(past.Calls))
	eventually(t, func() error {
		shown, err := c.evaluate(fmt.Sprintf("location.hash = '#/routes/%s';", past.Route) + showing)
		if err == nil && !sameWords(shown, want) {
			err = fmt.Errorf("the console shows %q, want %q", shown, want)
		}
		return err
	})
}

// showing is the name of a route and its two tables of shares, without those that are in
// parts of a hundred, and with numbers that are not grouped.
const showing = `[document.querySelector('h1')?.textContent, ...[...document.querySelectorAll('table.shares')].flatMap((table) =>
	[table.caption.textContent, ...[...table.rows].flatMap((row) => [row.cells[0].textContent, row.cells[1].textContent])])].join(' ').replace(/(\d)[\u00a0\u202f,.](?=\d{3})/g, '$1')`

// shares are the sums of columns that are not 0.
func shares(columns map[string][]uint32) string {
	var b strings.Builder
	for name, column := range columns {
		if n := sumOf(column); n > 0 {
			fmt.Fprintf(&b, " %s %.0f", name, n)
		}
	}
	return b.String()
}

// sameWords compares what is sorted in the page and is not here.
func sameWords(a, b string) bool {
	return slices.Equal(slices.Sorted(strings.FieldsSeq(a)), slices.Sorted(strings.FieldsSeq(b)))
}
