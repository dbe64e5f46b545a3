package admin

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/pollard-proxy/pollard/ledger"
	"github.com/pollard-proxy/pollard/proxy"
)

// Webhook is an endpoint that another application tells of its changes, in
// messages of its own making. One of Token and HMAC must be set; where both are,
// either will do.
type Webhook struct {
	Name    string
	Token   string          // what Header must hold, as GitLab's X-Gitlab-Token does
	HMAC    string          // the key of the HMAC-SHA256 of the body, as "sha256=" and hexadecimal digits, that Header must hold, as GitHub's X-Hub-Signature-256 does
	Header  string          // "" is X-Gitlab-Token for a token and X-Hub-Signature-256 for an HMAC
	Touches []proxy.Webpath // the paths that a message changes
}

// isAuthentic reports whether a message is of who knows the secret.
func (h *Webhook) isAuthentic(r *http.Request, body []byte) bool {
	return h.hasToken(r) || h.isSigned(r, body)
}

func (h *Webhook) hasToken(r *http.Request) bool {
	said := r.Header.Get(cmp.Or(h.Header, "X-Gitlab-Token"))
	return h.Token != "" && subtle.ConstantTimeCompare([]byte(said), []byte(h.Token)) == 1
}

func (h *Webhook) isSigned(r *http.Request, body []byte) bool {
	if h.HMAC == "" {
		return false
	}
	digits, found := strings.CutPrefix(r.Header.Get(cmp.Or(h.Header, "X-Hub-Signature-256")), "sha256=")
	signature, err := hex.DecodeString(digits)
	mac := hmac.New(sha256.New, []byte(h.HMAC))
	mac.Write(body)
	return found && err == nil && hmac.Equal(signature, mac.Sum(nil))
}

// webhook takes a message in. Who sends it needs no admin token: its own secret
// lets it touch what its templates name, and nothing else.
func (a *admin) webhook(w http.ResponseWriter, r *http.Request) {
	h := a.access.Load().webhook(r.PathValue("name"))
	if h == nil {
		http.Error(w, "no webhook of this name is configured", http.StatusNotFound)
		return
	}
	body, ok := readNews(w, r, "a webhook takes no more")
	if !ok {
		return
	}
	if !h.isAuthentic(r, body) {
		http.Error(w, "the message has neither the token nor the signature that this webhook wants", http.StatusUnauthorized)
		return
	}
	message, err := parseMessage(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	news := proxy.News{Source: ledger.Webhook}
	for i := range h.Touches {
		if path, ok := h.Touches[i].Path(message); ok {
			news.Paths = append(news.Paths, path)
		}
	}
	met, err := a.Proxy.Touch(news)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	accept(w, met)
}

func (a *Access) webhook(name string) *Webhook {
	for i := range a.Webhooks {
		if a.Webhooks[i].Name == name {
			return &a.Webhooks[i]
		}
	}
	return nil
}

func parseMessage(body []byte) (message map[string]any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // an identifier stays as it was written
	if err := decoder.Decode(&message); err != nil {
		return nil, fmt.Errorf("the message is no JSON object: %w", err)
	}
	return message, nil
}
