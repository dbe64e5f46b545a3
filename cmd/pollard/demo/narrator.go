package demo

import (
	"fmt"
	"io"
	"strings"
)

// textWidth is how many characters a line of a chapter may have.
const textWidth = 100

// A narrator tells the chapters of a tour, each part once.
type narrator struct{ begun, ended int }

// news returns what has not been told yet.
func (n *narrator) news(told []told) string {
	var b strings.Builder
	for i := range told {
		if i >= n.begun {
			n.begun++
			fmt.Fprintf(&b, "%d  %s\n\n%s\n", i+1, strings.ToUpper(told[i].Title), indented(told[i].Says))
		}
		if i >= n.ended && told[i].HasEnded {
			n.ended++
			fmt.Fprintf(&b, "%s\n", indented(told[i].Found))
		}
	}
	return b.String()
}

// indented breaks the lines of a text that are too long, and sets it in.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		own := line[:len(line)-len(strings.TrimLeft(line, " "))]
		b.WriteString(strings.TrimRight(wrapped(strings.TrimRight(line, "\n"), "   "+own), " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// wrapped breaks one line between words, unless it is a row of a table, which two spaces between words tell.
func wrapped(line, margin string) string {
	text := strings.TrimLeft(line, " ")
	if strings.Contains(text, "   ") {
		return margin + text
	}
	var b strings.Builder
	column := 0
	for word := range strings.SplitSeq(text, " ") {
		switch {
		case column == 0:
			b.WriteString(margin)
			column = len(margin)
		case column+1+len(word) > textWidth:
			b.WriteString("\n" + margin)
			column = len(margin)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

// chapters prints the story alone, for logs.
type chapters struct {
	out   io.Writer
	story narrator
}

func (c *chapters) draw(sc scene, _ rate) { fmt.Fprint(c.out, c.story.news(sc.Told)) }
