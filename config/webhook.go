package config

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pollard-proxy/pollard/proxy"
)

// Webhook is where another application tells of its changes. One of Token and
// HMAC is set.
type Webhook struct {
	Name    string   // the last segment of its path
	Token   Secret   // what the header holds
	HMAC    Secret   // the key of the signature that the header holds
	Header  string   // canonical; "" means X-Gitlab-Token or X-Hub-Signature-256
	Touches []string // templates of paths, for proxy.ParseWebpath
}

func (w *Webhook) keys() []key {
	return []key{
		{name: "name", to: scalar(&w.Name, webhookName()), otherwise: "required",
			doc: "The last segment of its path."},
		{name: "token", to: scalar(&w.Token, secret()), otherwise: "hmac is asked for", example: `"a fourth long random string"`,
			doc: "A message is taken if its header holds this."},
		{name: "hmac", to: scalar(&w.HMAC, secret()), otherwise: "token is asked for", example: `"a fifth long random string"`,
			doc: "A message is taken if its header holds sha256= and the HMAC-SHA256 of the body with this key. With token too, either will do."},
		{name: "header", to: scalar(&w.Header, header()), otherwise: "X-Gitlab-Token for a token, X-Hub-Signature-256 for an HMAC", example: "X-Webhook-Token",
			doc: "The request header that holds the proof."},
		{name: "touches", to: list(&w.Touches, webpath()), otherwise: "required",
			doc: "The paths that a message changes: {a.b} is what its object a has as b, one segment; {a.b*} may be several. A path for which the message has no value is left out."},
	}
}

func webhookName() kind[string] {
	parse := func(s string) (string, error) {
		if s == "" || len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			return "", errors.New("is not a name; want 1 to 64 of a-z, 0-9, _ and -, such as gitlab")
		}
		return s, nil
	}
	return kind[string]{name: "name", example: "gitlab", bounds: "1 to 64 of a-z, 0-9, _ and -, unique", form: quoted, parse: parse}
}

func webpath() kind[string] {
	parse := func(s string) (string, error) {
		_, err := proxy.ParseWebpath(s)
		return s, err
	}
	return kind[string]{name: "template", example: `"/{project.path_with_namespace*}/-/issues/{object_attributes.iid}/changes"`, form: quoted, parse: parse}
}

// organization is a segment of a path.
func organization() kind[string] {
	parse := func(s string) (string, error) {
		if s == "" || strings.ContainsAny(s, "/?#*{} ") {
			return "", errors.New("is not the name of an organization; want it as in its URL, /o/NAME")
		}
		return line(s)
	}
	return kind[string]{name: "name", example: `"default"`, form: quoted, parse: parse}
}

// canary is a path as news name it.
func canary() kind[string] {
	parse := func(s string) (string, error) {
		if !strings.HasPrefix(s, "/") || strings.ContainsAny(s, "?#*{} ") {
			return "", errors.New("is not a path; want one without a query or a wildcard, such as \"/canary\"")
		}
		return line(s)
	}
	return kind[string]{name: "path", example: `"/canary"`, form: quoted, parse: parse}
}

// webhookList is the list of webhooks.
type webhookList struct{ into *[]Webhook }

func (v webhookList) decode(d *decoder, n *yaml.Node, at string) {
	*v.into = nil
	for i, item := range d.items(n, at, `- {name: …, token: …, touches: […]}`) {
		var w Webhook
		d.section(item, element(at, i), w.keys())
		*v.into = append(*v.into, w)
	}
}

func (v webhookList) describe() description { return description{kind: "list of webhooks"} }

func (v webhookList) each() []key { return (&Webhook{}).keys() }
