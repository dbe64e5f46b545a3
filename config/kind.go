package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is a type of scalar: how it is called, written, read and bounded.
type kind[T any] struct {
	name    string // "duration"
	example string // as YAML
	bounds  string // in words; "" where there are none
	form    form
	// hidden values are never repeated in a problem: they may hold a credential.
	hidden bool
	// parse reads one value. Its error completes a sentence that begins with
	// the value ("is not a duration"), and does not repeat it.
	parse func(string) (T, error)
}

// form is which YAML scalars a kind takes. A scalar with ${NAME} in it always
// is a string to YAML and is taken by every kind.
type form int

const (
	anyForm form = iota // quoted or not, whatever YAML makes of it
	quoted              // a YAML string: 8080 and true must be put in quotes
	bare                // a YAML number or boolean: "8080" is a string
)

// wanted is the kind and an example of it, for problems.
func (k kind[T]) wanted() string {
	return article(k.name) + " such as " + k.example
}

// plural is the kind in lists.
func (k kind[T]) plural() string {
	if first, second, isPair := strings.Cut(k.name, " and "); isPair {
		return first + "s and " + second + "s"
	}
	return strings.Replace(k.name+"s", "xs", "xes", 1)
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// text is any string that fits on a line. It never is empty: a key that is to
// have no value is left out.
func text(name, example string) kind[string] {
	return kind[string]{name: name, example: example, form: quoted, parse: line}
}

func line(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("is empty; leave the key out for the default")
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return "", errors.New("contains a control character, a line break or invalid UTF-8")
	}
	return s, nil
}

// secret is a text that is never shown.
func secret() kind[Secret] {
	parse := func(s string) (Secret, error) {
		s, err := line(s)
		return Secret(s), err
	}
	return kind[Secret]{name: "secret", example: `"${NAME}"`, form: quoted, hidden: true, parse: parse}
}

func boolean() kind[bool] {
	parse := func(s string) (bool, error) {
		if s != "true" && s != "false" {
			return false, errors.New("is not a boolean; want true or false")
		}
		return s == "true", nil
	}
	return kind[bool]{name: "boolean", example: "true", form: bare, parse: parse}
}

// word is one of the words that a key accepts.
type word[T any] struct {
	text  string
	value T
}

// choice is one of a few words. They need no quotes, and 1.2 is a word too.
func choice[T any](words ...word[T]) kind[T] {
	accepted := acceptedWords(words)
	parse := func(s string) (T, error) {
		var none T
		for _, w := range words {
			if w.text == s {
				return w.value, nil
			}
		}
		return none, fmt.Errorf("is none of %s%s", strings.Join(accepted, ", "), suggest(s, accepted))
	}
	return kind[T]{name: "word", example: accepted[0], bounds: strings.Join(accepted, ", "), parse: parse}
}

func acceptedWords[T any](words []word[T]) []string {
	var accepted []string
	for _, w := range words {
		accepted = append(accepted, w.text)
	}
	return accepted
}
