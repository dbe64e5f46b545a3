package actioncable

import (
	"encoding/json"
	"errors"
)

// command is what a client says.
type command struct {
	Name       string          `json:"command"`
	Identifier json.RawMessage `json:"identifier"`
	History    json.RawMessage `json:"history"` // of the extended protocol; nil if absent
}

// id is the command's identifier.
func (c *command) id() identifier { return identifier(c.Identifier) }

var errNotACommand = errors.New("not a command")

// parseCommand reads a text message. An identifier, where there is one, is a
// JSON string. Nesting is bounded by the decoder, which keeps no more of it than
// a byte per level.
func parseCommand(message []byte) (*command, error) {
	var c command
	if err := json.Unmarshal(message, &c); err != nil {
		return nil, err
	}
	if c.Name == "" || len(c.Identifier) > 0 && c.Identifier[0] != '"' {
		return nil, errNotACommand
	}
	return &c, nil
}
