package conversations

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/tools/txtar"
)

// A scene is one script being played: the program, both of its sides, and the folder it runs in.
type scene struct {
	program string
	folder  string
	files   map[string][]byte
	config  *configFile

	origin  *origin
	calls   map[string]*call // by the name that the script gives
	last    *call            // taken
	clients map[string]client
	trust   *authority
	process *process // nil before serve and after an expected exit
}

// play runs a script in an empty folder and returns what went otherwise.
func play(program, folder string, script *txtar.Archive) (err error) {
	steps, err := parseScript(string(script.Comment))
	if err != nil {
		return err
	}
	s := &scene{
		program: program, folder: folder, files: make(map[string][]byte), config: &configFile{folder: folder},
		calls: make(map[string]*call), clients: make(map[string]client),
	}
	for _, file := range script.Files {
		s.files[file.Name] = file.Data
		if err := os.WriteFile(filepath.Join(folder, file.Name), file.Data, 0o600); err != nil {
			return err
		}
	}
	if s.trust, err = newAuthority(); err != nil {
		return err
	}
	if s.origin, err = newOrigin(); err != nil {
		return err
	}
	defer s.close()
	for _, step := range steps {
		if err := s.do(step.expand(s.variables())); err != nil {
			err = errors.Join(err, s.origin.untaken())
			return fmt.Errorf("line %d: %s: %w\n%s", step.line, strings.Join(step.words, " "), err, s.log())
		}
	}
	return s.end()
}

// variables are what steps may refer to.
func (s *scene) variables() *strings.Replacer {
	front, admin := "", ""
	if s.process != nil {
		front, admin = s.process.Front, strings.TrimPrefix(s.process.admin, "http://")
	}
	return strings.NewReplacer("$ORIGIN", s.origin.addr, "$FRONT", front, "$ADMIN", admin)
}

// do plays one step.
func (s *scene) do(step step) error {
	switch step.word(0) {
	case "pollard":
		return s.pollard(step)
	case "client":
		return s.client(step)
	case "origin":
		return s.doOrigin(step)
	case "run":
		return s.run(step)
	case "config":
		return s.configure(step)
	case "file":
		return s.file(step)
	case "certificates":
		return s.trust.write(s.folder)
	case "upstream":
		return s.count(step)
	case "elapse":
		return elapse(step)
	}
	if s.process == nil {
		return errors.New("no such step while the program does not run")
	}
	return s.observe(step)
}

// command is the program with these arguments, as a user of this folder would run it.
func (s *scene) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.program, args...)
	cmd.Dir = s.folder
	cmd.Env = append(os.Environ(), "ORIGIN="+s.origin.url(), "GORACE=atexit_sleep_ms=0") // the detector's second would be most of the time
	return cmd
}

// end checks what must be true after every script.
func (s *scene) end() error {
	for _, c := range s.clients {
		c.close()
	}
	if err := s.origin.untaken(); err != nil || s.process == nil {
		return err
	}
	sum := fmt.Sprintf("pollard_upstream_requests_total %d", s.origin.total())
	err := errors.Join(
		s.measure(sum),
		s.process.signal("TERM"),
		s.process.Exits(0),
	)
	if err != nil {
		return fmt.Errorf("at the end: %w\n%s", err, s.log())
	}
	return nil
}

// log is what the program has said, to go with a failure.
func (s *scene) log() string {
	if s.process == nil {
		return ""
	}
	return s.process.Log.String()
}

// close leaves nothing running.
func (s *scene) close() {
	for _, c := range s.clients {
		c.close()
	}
	s.origin.close()
	if s.process != nil {
		s.process.Kill()
	}
}
