package proxy

import (
	"encoding/json"
	"fmt"

	"github.com/pollard-proxy/pollard/coalescer"
	"github.com/pollard-proxy/pollard/etag"
	"github.com/pollard-proxy/pollard/ledger"
)

// This file is how the instances of a fleet share what one of them alone was told:
// a touch, a webhook and a write reach one, and concern the documents of all.

// handedOn is what was told, as instances tell each other. None of it is a
// credential, and no body but that of a document that is public.
type handedOn struct {
	By        ledger.Source `json:"by"`
	Paths     []string      `json:"paths,omitempty"`
	Patterns  []string      `json:"patterns,omitempty"`
	Heartbeat bool          `json:"heartbeat,omitempty"`

	Method string `json:"method,omitempty"` // of a write: its path is the first of Paths, and the others are those that it spoke of

	Representation *represented `json:"representation,omitempty"` // of the first of Paths
}

type represented struct {
	Body        []byte   `json:"body"`
	ContentType string   `json:"content_type,omitempty"`
	Tag         etag.Tag `json:"etag,omitempty"`
}

// reachesOne reports whether what a source tells reaches one instance of a fleet. The
// others are heard by all.
func reachesOne(s ledger.Source) bool {
	return s == ledger.TouchAPI || s == ledger.Webhook || s == ledger.Writes
}

// handOn tells the other instances.
func (h *Handler) handOn(n *handedOn) {
	if h.HandOn == nil || !reachesOne(n.By) {
		return
	}
	message, err := json.Marshal(n)
	if err != nil {
		h.Log.Error("handing news on", "error", err)
		return
	}
	h.HandOn(string(message))
}

// TakeOver takes what another instance has handed on. It fails, and does nothing, if
// the message is none of [Options.HandOn].
func (h *Handler) TakeOver(message string) error {
	var n handedOn
	if err := json.Unmarshal([]byte(message), &n); err != nil {
		return fmt.Errorf("what another instance was told: %w", err)
	}
	switch {
	case !reachesOne(n.By), len(n.Paths) == 0 && (n.Method != "" || n.Representation != nil):
		return fmt.Errorf("what another instance was told: %.100q is not of this version", message)
	case n.Representation != nil:
		_, err := h.supply(n.By, n.Paths[0], coalescer.Representation{
			Body: n.Representation.Body, ContentType: n.Representation.ContentType, Tag: n.Representation.Tag,
		})
		return err
	case n.Method != "":
		h.written(n.Method, n.Paths)
		return nil
	}
	_, err := h.touch(News{Source: n.By, Paths: n.Paths, Patterns: n.Patterns, Heartbeat: n.Heartbeat})
	return err
}
