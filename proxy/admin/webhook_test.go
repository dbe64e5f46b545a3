package admin

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/pollard-proxy/pollard/proxy"
)

func hooked(t *testing.T, templates ...string) func(*Options) {
	t.Helper()
	var touches []proxy.Webpath
	for _, s := range templates {
		w, err := proxy.ParseWebpath(s)
		if err != nil {
			t.Fatal(err)
		}
		touches = append(touches, w)
	}
	return func(o *Options) {
		o.Access.Token = "of the admin"
		o.Access.Webhooks = []Webhook{
			{Name: "gitlab", Token: "swordfish", Touches: touches},
			{Name: "github", HMAC: "swordfish", Touches: touches},
			{Name: "own", Token: "swordfish", Header: "X-Own", Touches: touches},
			{Name: "open", Touches: touches}, // which the configuration refuses
		}
	}
}

func signed(body string) string {
	mac := hmac.New(sha256.New, []byte("swordfish"))
	mac.Write([]byte(body))
	return "X-Hub-Signature-256: sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func TestAWebhookIsForThoseWhoKnowItsSecret(t *testing.T) {
	const message = `{"issue":{"iid":1}}`
	long := `{"issue":"` + strings.Repeat("x", 1<<20) + `"}`
	tests := []struct {
		name, hook, message, line string
		want                      int
	}{
		{"the token", "gitlab", message, "X-Gitlab-Token: swordfish", 202},
		{"another token", "gitlab", message, "X-Gitlab-Token: swordfisH", 401},
		{"a part of it", "gitlab", message, "X-Gitlab-Token: swordfis", 401},
		{"no token", "gitlab", message, "X-Other: swordfish", 401},
		{"the admin's token", "gitlab", message, "Authorization: Bearer of the admin", 401},
		{"the signature", "github", message, signed(message), 202},
		{"of another message", "github", message, signed(message + " "), 401},
		{"without its scheme", "github", message, strings.Replace(signed(message), "sha256=", "", 1), 401},
		{"cut short", "github", message, signed(message)[:60], 401},
		{"that is none", "github", message, "X-Hub-Signature-256: sha256=zz", 401},
		{"none at all", "github", message, "X-Other: x", 401},
		{"the secret itself", "github", message, "X-Hub-Signature-256: swordfish", 401},
		{"a header of its own", "own", message, "X-Own: swordfish", 202},
		{"GitLab's instead", "own", message, "X-Gitlab-Token: swordfish", 401},
		{"no secret is set", "open", message, "X-Gitlab-Token: ", 401},
		{"no such webhook", "nosuch", message, "X-Gitlab-Token: swordfish", 404},
		{"no JSON", "gitlab", "issue=1", "X-Gitlab-Token: swordfish", 400},
		{"no object", "gitlab", "[1]", "X-Gitlab-Token: swordfish", 400},
		{"a message that is too large", "gitlab", long, "X-Gitlab-Token: swordfish", 413},
		{"one that is signed", "github", long, signed(long), 413},
	}
	l := listen(t, hooked(t, "/d/{issue.iid}"))
	for _, test := range tests {
		resp := l.send("POST", "/api/v1/webhook/"+test.hook, test.message, test.line)
		said := body(t, resp)
		if resp.StatusCode != test.want {
			t.Errorf("%s: got %d %s, want %d", test.name, resp.StatusCode, said, test.want)
		}
		if strings.Contains(said, "swordfish") {
			t.Errorf("%s: the answer tells the secret: %s", test.name, said)
		}
	}
}

func TestAWebhookTouchesWhatItsTemplatesName(t *testing.T) {
	l := listen(t, hooked(t, "/d/{object.iid}", "/d/{other.iid}", "/x/{object.iid}"))
	for i := range 20 {
		l.poll("/d/1", fmt.Sprint("sid=", i))
	}
	met := decode[touched](t, l.send("POST", "/api/v1/webhook/gitlab", `{"object":{"iid":1}}`, "X-Gitlab-Token: swordfish"))
	if met.Touched == 0 || met.Unrouted != 1 {
		t.Errorf("got %+v, want the documents of /d/1, and /x/1 of no route", met)
	}
	for _, message := range []string{`{}`, `{"object":{"iid":2}}`, `{"object":{"iid":"../d/1"}}`, `{"object":{"iid":"1/"}}`} {
		if met := decode[touched](t, l.send("POST", "/api/v1/webhook/gitlab", message, "X-Gitlab-Token: swordfish")); met.Touched != 0 {
			t.Errorf("%s: got %+v, want nothing touched", message, met)
		}
	}
}
