package conversations

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// pollard plays `pollard serve` and `pollard exits`.
func (s *scene) pollard(step step) (err error) {
	switch step.word(1) {
	case "serve":
		args := []string{"serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}
		if s.config.exists() {
			args = append(args, "--config", configName)
		}
		s.process, err = start(s.command(context.Background(), append(args, step.words[2:]...)...))
		return err
	case "exits":
		code, err := strconv.Atoi(step.word(2))
		if err != nil || s.process == nil {
			return errors.Join(err, errors.New("want a running program and its exit code"))
		}
		if err := s.process.Exits(code); err != nil {
			return err // its log goes with the failure, and close ends what goes on running
		}
		s.process = nil
		return nil
	}
	return fmt.Errorf("pollard %q: want serve or exits", step.word(1))
}

// run plays another command.
func (s *scene) run(step step) error {
	want, err := strconv.Atoi(step.word(1))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := s.command(ctx, step.words[2:]...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return err
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		return fmt.Errorf("got exit code %d, want %d; stdout %q, stderr %q", got, want, &stdout, &stderr)
	}
	for _, line := range step.block {
		if err := checkOutput(line, stdout.String(), stderr.String()); err != nil {
			return err
		}
	}
	return nil
}

// checkOutput checks a line such as `stderr the text that must occur`.
func checkOutput(line, stdout, stderr string) error {
	negated := strings.HasPrefix(line, "!")
	stream, text, _ := strings.Cut(strings.TrimPrefix(line, "!"), " ")
	output, ok := map[string]string{"stdout": stdout, "stderr": stderr}[stream]
	if !ok {
		return fmt.Errorf("%q: want stdout or stderr", line)
	}
	if count, ok := strings.CutPrefix(text, "lines "); ok {
		if got := strconv.Itoa(strings.Count(output, "\n")); got != count {
			return fmt.Errorf("got %s lines, want %s: %q", got, count, output)
		}
		return nil
	}
	if strings.Contains(output, text) == negated {
		return fmt.Errorf("got %q, which is not %q", output, line)
	}
	return nil
}

// configure changes the program's configuration.
func (s *scene) configure(step step) error {
	if step.word(1) == "kubernetes" {
		return s.config.mount()
	}
	content, ok := s.files[step.word(2)]
	if !ok {
		return fmt.Errorf("the archive has no file %q", step.word(2))
	}
	return s.config.change(step.word(1), content)
}

// file changes a file in the folder, or in one below it.
func (s *scene) file(step step) error {
	path := filepath.Join(s.folder, step.word(2))
	switch step.word(1) {
	case "write":
		return errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(step.word(3)), 0o600))
	case "remove":
		return os.Remove(path)
	}
	return fmt.Errorf("file %q: want write or remove", step.word(1))
}

// count compares the origin's own count.
func (s *scene) count(step step) error {
	return eventually(func() error {
		if got := strconv.Itoa(s.origin.total()); got != step.word(2) {
			return fmt.Errorf("got %s calls, want %s", got, step.word(2))
		}
		return nil
	})
}

// parsePause reads the argument of elapse.
func parsePause(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err == nil && (d <= 0 || d > 5*time.Second) {
		err = fmt.Errorf("%s: want at most 5s", s)
	}
	return d, err
}

// elapse lets time pass.
func elapse(step step) error {
	pause, err := parsePause(step.word(1))
	<-time.After(pause)
	return err
}

// observe plays the steps that look at the program.
func (s *scene) observe(step step) error {
	switch step.word(0) {
	case "signal":
		return s.process.signal(step.word(1))
	case "metrics":
		return s.measure(step.block...)
	case "admin":
		return s.admin(step)
	case "waiting":
		return s.waiting(step.word(1), step.word(2))
	case "log":
		return eventually(func() error {
			if got := strconv.Itoa(s.process.lines(step.word(2))); got != step.word(1) {
				return fmt.Errorf("got %s such lines, want %s", got, step.word(1))
			}
			return nil
		})
	}
	return fmt.Errorf("there is no step %q", step.word(0))
}

// measure waits until the metrics are as claimed.
func (s *scene) measure(claims ...string) error {
	return eventually(func() error {
		_, scrape, err := ask("GET", s.process.admin+"/metrics", "")
		for _, claim := range claims {
			err = errors.Join(err, holds(claim, scrape))
		}
		return err
	})
}

func (s *scene) admin(step step) error {
	return eventually(func() error {
		status, body, err := ask(step.word(1), s.process.admin+step.word(2), step.word(4))
		if err != nil {
			return err
		}
		if got := strconv.Itoa(status); got != step.word(3) {
			return fmt.Errorf("got status %s, want %s: %s", got, step.word(3), body)
		}
		return checkAdmin(body, step.block)
	})
}

func (s *scene) waiting(count, target string) error {
	return eventually(func() error {
		_, explanation, err := ask("GET", s.process.admin+"/api/v1/explain?url="+url.QueryEscape(target), "")
		if err != nil {
			return err
		}
		n, err := waiters(explanation)
		if err == nil && strconv.Itoa(n) != count {
			err = fmt.Errorf("%d polls wait, want %s: %s", n, count, explanation)
		}
		return err
	})
}
