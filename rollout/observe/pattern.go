package observe

import (
	"slices"
	"strings"
)

// staticEndings are of files that are fetched again and again, but not polled.
var staticEndings = []string{
	".js", ".css", ".png", ".svg", ".woff2", ".jpg", ".ico", ".webp", ".gif", ".mjs", ".map", ".jpeg", ".avif",
	".woff", ".ttf", ".mp4", ".webm", ".pdf", ".wasm",
}

// staticFolders hold such files, whatever their names.
var staticFolders = []string{
	"assets", "static", "packs", "public", "images", "fonts", "css", "js", "media", "dist", "uploads", "_next", "webpack",
}

// isStatic reports whether a path looks like a file that deployments change and
// nothing else.
func isStatic(path string) bool {
	dot := strings.LastIndexByte(path, '.')
	if dot >= 0 && len(path)-dot <= 6 && slices.Contains(staticEndings, path[dot:]) {
		return true
	}
	folder, _, isIn := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return isIn && slices.Contains(staticFolders, folder)
}

// segments returns what a path's pattern is made of, nil if no route could match
// it. Numbers, UUIDs, hashes, and what a pattern cannot hold are *; an ending
// such as .json stays.
func segments(path string) []string {
	if !strings.HasPrefix(path, "/") {
		return nil
	}
	parts := strings.Split(path[1:], "/")
	for i, part := range parts {
		if part == "" && i < len(parts)-1 || part == "." || part == ".." {
			return nil
		}
		parts[i] = generalize(part)
	}
	return parts
}

func generalize(segment string) string {
	if isPeculiar(segment) {
		return "*"
	}
	name, ending, dotted := strings.Cut(segment, ".")
	if !isIdentifier(name) {
		return segment
	}
	if dotted && isWord(ending) {
		return "*." + ending
	}
	return "*"
}

// isPeculiar reports whether a segment holds what a pattern cannot, or can only
// with another meaning.
func isPeculiar(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`%*{}?#\`, r)
	})
}

// isWord reports whether s is made of letters.
func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r|0x20 < 'a' || r|0x20 > 'z' })
}

// leastHash is from which length on hexadecimal digits are an identifier, if
// they are not all letters: the shortest commit that git shows has seven.
const leastHash = 7

// isIdentifier reports whether s names one thing among many: a number, a UUID, a
// hash, or a token of letters and digits that is longer than words are.
func isIdentifier(s string) bool {
	digits, hex, others := 0, 0, 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r|0x20 >= 'a' && r|0x20 <= 'f' || r == '-':
			hex++
		default:
			others++
		}
	}
	switch {
	case digits == 0:
		return false
	case hex+others == 0:
		return true
	case others == 0:
		return len(s) >= leastHash
	}
	return len(s) >= 20 && digits >= 4
}
