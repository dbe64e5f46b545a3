package legacy

import (
	"encoding/json"
	"fmt"
)

// CheckOwner returns an error unless body is a polled answer that was rendered for person, every part of it: the test for data that went
// to the wrong reader.
func CheckOwner(person string, body []byte) error {
	var whole any
	if err := json.Unmarshal(body, &whole); err != nil {
		return fmt.Errorf("reading whose answer this is: %w", err)
	}
	parts, isArray := whole.([]any)
	if !isArray {
		parts = []any{whole}
	}
	if len(parts) == 0 {
		return fmt.Errorf("an answer to nobody: %.80s", body)
	}
	for _, part := range parts {
		fields, _ := part.(map[string]any)
		if fields["viewer"] != person {
			return fmt.Errorf("%s was given an answer for %v", person, fields["viewer"])
		}
	}
	return nil
}
