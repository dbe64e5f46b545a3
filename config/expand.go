package config

import (
	"errors"
	"fmt"
	"strings"
)

// Environment looks up an environment variable, as os.LookupEnv does. Nil is an
// environment in which nothing is set.
type Environment func(name string) (value string, isSet bool)

// expand replaces each ${NAME} in s by what env has for it; $${ is a literal ${.
// What env has is text, never YAML: it cannot add keys or list elements, and is
// not expanded again. An error names the variable and never a value.
func expand(s string, env Environment) (string, error) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "${")
		if !found {
			b.WriteString(s)
			return b.String(), nil
		}
		if literal, isEscaped := strings.CutSuffix(before, "$"); isEscaped {
			b.WriteString(literal + "${")
			s = after
			continue
		}
		b.WriteString(before)
		name, rest, _ := strings.Cut(after, "}")
		value, err := lookUp(name, len(name) < len(after), env)
		if err != nil {
			return "", err
		}
		b.WriteString(value)
		s = rest
	}
}

func lookUp(name string, isClosed bool, env Environment) (string, error) {
	if !isClosed || !isVariable(name) {
		return "", errors.New("holds a ${ that does not begin a ${NAME}; write $${ for a literal ${")
	}
	if env != nil {
		if value, isSet := env(name); isSet {
			return value, nil
		}
	}
	return "", fmt.Errorf("needs the environment variable %s, which is not set", name)
}

func isVariable(s string) bool {
	isDigit := func(c byte) bool { return '0' <= c && c <= '9' }
	for i, c := range []byte(s) {
		isLetter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !isLetter && (i == 0 || !isDigit(c)) {
			return false
		}
	}
	return s != ""
}
