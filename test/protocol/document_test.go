package protocol

import (
	"fmt"
	"os"
	"strings"
)

// document is the one that is held to its word.
const document = "../../docs/protocol.md"

// An example is a transcript in the document.
type example struct {
	name  string
	lines []string
	at    int // index of its first line
}

// A page is the document, by lines.
type page struct {
	lines    []string
	examples []example
	config   string
}

// readPage finds the blocks. The second word of a block's information string is the example's name.
func readPage() (*page, error) {
	text, err := os.ReadFile(document)
	if err != nil {
		return nil, err
	}
	p := &page{lines: strings.Split(string(text), "\n")}
	for i := 0; i < len(p.lines); i++ {
		info, opens := strings.CutPrefix(p.lines[i], "```")
		if !opens {
			continue
		}
		begin := i + 1
		for i = begin; i < len(p.lines) && p.lines[i] != "```"; i++ {
		}
		if i == len(p.lines) {
			return nil, fmt.Errorf("line %d: the block does not end", begin)
		}
		p.block(info, begin, i)
	}
	if p.config == "" || len(p.examples) == 0 {
		return nil, fmt.Errorf("%d examples, and a configuration of %d bytes", len(p.examples), len(p.config))
	}
	return p, nil
}

func (p *page) block(info string, begin, end int) {
	lines := p.lines[begin:end]
	language, name, _ := strings.Cut(info, " ")
	switch language {
	case "transcript":
		p.examples = append(p.examples, example{name, lines, begin})
	case "yaml":
		p.config = strings.Join(lines, "\n") + "\n"
	}
}

// write puts the transcripts in the place of the examples, by index.
func (p *page) write(transcripts [][]string) error {
	var lines []string
	from := 0
	for i, e := range p.examples {
		lines = append(append(lines, p.lines[from:e.at]...), transcripts[i]...)
		from = e.at + len(e.lines)
	}
	lines = append(lines, p.lines[from:]...)
	return os.WriteFile(document, []byte(strings.Join(lines, "\n")), 0o644)
}
