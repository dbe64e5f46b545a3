package redisstore

import (
	"strconv"

	"github.com/pollard-proxy/pollard/coalescer"
)

// What a hint says: a turn has ended with a state, whose head or whole follows,
// or without one.
const (
	hintState = 's'
	hintEnd   = 'e'
)

// hint returns the beginning of a hint of this instance.
func (i instance) hint(kind byte) []byte { return append(i[:], kind) }

// parseHint returns whose hint a message is, of which kind, and what follows.
func parseHint(message string) (from instance, kind byte, value string, ok bool) {
	if len(message) <= len(from) {
		return instance{}, 0, "", false
	}
	copy(from[:], message)
	return from, message[len(from)], message[len(from)+1:], true
}

// channel returns where hints about name are said. Channels know no databases,
// so the number of ours is a part of the name.
func (s *Store) channel(name coalescer.Name) string {
	channel := s.key(name, newsSuffix)
	if s.endpoints.database != 0 {
		channel += strconv.Itoa(s.endpoints.database)
	}
	return channel
}
