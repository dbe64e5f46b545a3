// Package protocol plays the examples of docs/protocol.md against the real program: the document is the test, and what
// it shows is what was said.
//
// An example is a fenced block whose language is "transcript". Its lines are what a client sends ("> "), what it
// receives ("< "), and what happens besides ("# "). A request opens a connection of its own; after 101 each line is a
// text message, or "close CODE REASON". Each example has a program, and an application behind it, of its own, with the
// configuration that is the document's only block of YAML.
//
// What differs from run to run (dates, delays, epochs) may differ from the document; see varying. To take the program's
// word for everything:
//
//	go test ./test/protocol -update
package protocol
