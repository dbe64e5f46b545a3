package config

import (
	"errors"
	"net/http"
	"strings"
)

// isToken reports whether s is a token (RFC 9110 §5.6.2), the grammar of field
// names, cookie names and methods.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		isAlphanumeric := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !isAlphanumeric && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// header is the name of a request header in canonical form.
func header() kind[string] {
	parse := func(s string) (string, error) {
		if !isToken(s) {
			return "", errors.New("is not a header name; want letters, digits and hyphens, such as X-Request-Variant")
		}
		return http.CanonicalHeaderKey(s), nil
	}
	return kind[string]{name: "header name", example: "X-Request-Variant", form: quoted, parse: parse}
}

// fieldValue is what a header holds (RFC 9110 §5.5).
func fieldValue() kind[string] {
	parse := func(s string) (string, error) {
		s, err := line(s)
		if err == nil && strings.TrimSpace(s) != s {
			return "", errors.New("begins or ends with a space")
		}
		return s, err
	}
	return kind[string]{name: "header value", example: `"application/json"`, form: quoted, hidden: true, parse: parse}
}

// cookie is the name of a cookie.
func cookie() kind[string] {
	parse := func(s string) (string, error) {
		if !isToken(s) || strings.Contains(s, "*") {
			return "", errors.New("is not a cookie name; want letters, digits, _ and -, such as user_id")
		}
		return s, nil
	}
	return kind[string]{name: "cookie name", example: "user_id", form: quoted, parse: parse}
}

// cookies is the name of a cookie, or the beginning of names and a *.
func cookies() kind[string] {
	parse := func(s string) (string, error) {
		name, _ := strings.CutSuffix(s, "*")
		switch {
		case s == "*":
			return "", errors.New("matches every cookie, that of the session too: users would share answers")
		case !isToken(name) || strings.Contains(name, "*"):
			return "", errors.New("is not a cookie name; want letters, digits, _ and -, and perhaps one * at the end, such as _ga*")
		}
		return s, nil
	}
	return kind[string]{name: "cookie name", example: `"_ga*"`, bounds: "perhaps one * at the end", form: quoted, parse: parse}
}

// parameter is the name of a query parameter as the request spells it.
func parameter() kind[string] {
	parse := func(s string) (string, error) {
		if _, err := line(s); err != nil || strings.ContainsAny(s, "&=;#? ") {
			return "", errors.New("is not a parameter name; want it as the request spells it, without & and =, such as _")
		}
		return s, nil
	}
	return kind[string]{name: "parameter name", example: "_", form: quoted, parse: parse}
}
