package viewer

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gorilla/websocket"
)

// cablePath is where Pollard has its Action Cable.
const cablePath = "/-/pollard/cable"

// A cableMessage is what the server says on a cable: Message is a pollard.v1 object, or the time of a ping.
type cableMessage struct {
	Type    string
	Message json.RawMessage
}

func (t *tab) byCable(ctx context.Context, page Page, _ string) error {
	identifier, err := json.Marshal(map[string]string{"channel": "PollChannel", "path": page.Poll})
	if err != nil {
		return fmt.Errorf("naming %s for a cable: %w", page.Poll, err)
	}
	conn, err := t.browser.dial(ctx, cablePath, "actioncable-v1-json")
	if err != nil {
		return err
	}
	return receive(ctx, conn, func(frame []byte) error {
		var m cableMessage
		if err := json.Unmarshal(frame, &m); err != nil {
			return fmt.Errorf("a frame that is no Action Cable message: %w", err)
		}
		return t.heard(conn, string(identifier), m)
	})
}

func (t *tab) heard(conn *websocket.Conn, identifier string, m cableMessage) error {
	switch m.Type {
	case "welcome":
		return conn.WriteJSON(map[string]string{"command": "subscribe", "identifier": identifier})
	case "reject_subscription", "disconnect":
		return errOver
	case "":
		return t.told(m.Message)
	}
	return nil
}
