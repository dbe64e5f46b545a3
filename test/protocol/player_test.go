package protocol

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A player plays one example, and writes down what was said.
type player struct {
	t       *testing.T
	config  string
	app     *application
	program *process
	client  *client // nil before the first request

	request    []string // the head that is being said
	answered   bool     // the head of the response has been read
	known      epochs
	transcript []string
}

func newPlayer(t *testing.T, config string) *player {
	app := newApplication()
	upstream := httptest.NewServer(app)
	t.Cleanup(upstream.Close)
	return &player{t: t, config: config, app: app, program: start(t, config, upstream.URL), known: epochs{}}
}

// play returns the transcript of an example.
func (p *player) play(lines []string) []string {
	p.t.Helper()
	for len(lines) > 0 {
		if strings.HasPrefix(lines[0], "<") {
			n := answerOf(lines)
			p.receive(lines[:n])
			lines = lines[n:]
			continue
		}
		line := p.known.translate(lines[0])
		lines = lines[1:]
		p.transcript = append(p.transcript, line)
		kind, said, _ := strings.Cut(line, " ")
		switch kind {
		case ">":
			p.say(said)
		case "#":
			p.happen(said)
		default:
			p.t.Fatalf("%q is no line of a transcript", line)
		}
	}
	return p.transcript
}

// answerOf returns how many lines there are until it is the client's turn.
func answerOf(lines []string) int {
	if i := slices.IndexFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "<") }); i >= 0 {
		return i
	}
	return len(lines)
}

var requestLine = regexp.MustCompile(`^[A-Z]+ \S+ HTTP/1\.1$`)

func (p *player) say(said string) {
	p.t.Helper()
	switch {
	case requestLine.MatchString(said):
		p.request = []string{said}
	case p.request != nil && said != "":
		p.request = append(p.request, said)
	case p.request != nil:
		p.hangUp()
		p.client, p.answered = ask(p.t, p.program.Front, p.request), false
		p.request = nil
	case p.client.speaks():
		p.client.send(said)
	default:
		p.t.Fatalf("%q: there is nobody to say it to", said)
	}
}

// receive writes down what comes: all of a head and of a response that ends, else as many lines as are written.
func (p *player) receive(written []string) {
	p.t.Helper()
	if !p.answered {
		p.answered = true
		for _, line := range p.client.head() {
			p.transcript = append(p.transcript, "< "+line)
		}
		p.transcript = append(p.transcript, "<")
		written = afterHead(written)
	}
	for i := 0; i < len(written) || p.client.ends; i++ {
		said, err := p.client.next()
		if errors.Is(err, io.EOF) && p.client.ends {
			return
		}
		if err != nil {
			p.t.Fatalf("%v, after\n%s", err, strings.Join(p.transcript, "\n"))
		}
		said = strings.TrimSuffix("< "+said, " ")
		if i < len(written) {
			p.known.learn(written[i], said)
		}
		p.transcript = append(p.transcript, said)
	}
}

func afterHead(lines []string) []string {
	if i := slices.Index(lines, "<"); i >= 0 {
		return lines[i+1:]
	}
	return nil
}

func (p *player) hangUp() {
	if p.client != nil {
		p.client.conn.Close()
	}
}

// happen does what a direction says.
func (p *player) happen(direction string) {
	p.t.Helper()
	body, changes := strings.CutPrefix(direction, "the document becomes ")
	switch {
	case changes:
		p.app.change(body)
	case direction == "upstream answers 401 from now on":
		p.app.answer(http.StatusUnauthorized)
	case direction == "upstream answers 403 from now on":
		p.app.answer(http.StatusForbidden)
	case direction == "the same user signs out: POST /sign_out":
		p.aside("POST /sign_out HTTP/1.1")
	case direction == "another page of the same user watches too":
		p.aside("GET /issues/1/changes HTTP/1.1", "Accept: text/event-stream")
	case direction == "the connection breaks":
		p.hangUp()
	case direction == "the operator moves the routes to stage: coalesce":
		p.program.lower(p.t, p.config)
	case direction == "Pollard is told to stop (SIGTERM)":
		p.program.Signal(syscall.SIGTERM) // it runs
	default:
		p.t.Fatalf("%q: nobody knows how to do that", direction)
	}
}

// aside is a request of another connection of the user, of whose response the head is awaited.
func (p *player) aside(head ...string) {
	p.t.Helper()
	ask(p.t, p.program.Front, append(head, "Host: app.test", "Cookie: session=ann")).head()
}
