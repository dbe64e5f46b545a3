package legacy

import (
	"strings"
	"time"
)

// The states of a job, in the order of its life. Canceled is reached only by a person.
const (
	created  = "created"
	pending  = "pending"
	running  = "running"
	success  = "success"
	failed   = "failed"
	canceled = "canceled"
)

// A job is one run of something on a CI machine.
type job struct {
	id       int
	name     string
	run      int // how often it has been started; decides how it ends
	status   string
	lines    int // how much of the script's output there is
	started  time.Time
	finished time.Time
}

// newJob returns a job that has been running for a while, so that the first page a person opens has something to show.
func newJob(id int, now time.Time) *job {
	names := []string{"rspec unit 3/8", "karma", "docker image", "static analysis", "review app"}
	return &job{
		id: id, name: names[(id-1)%len(names)], run: id, status: running, lines: 5 + id%3,
		started: now.Add(-time.Duration(17*id) * time.Second),
	}
}

// script is what a job prints, one line for each step of its life.
func script() []string {
	return []string{
		"Running with legacy-runner 9.5.0 (96b34cc)",
		"Using Docker executor with image ruby:2.1 ...",
		"Cloning repository...",
		"Checking out 1f0e2c4d as master...",
		"$ bundle install --path vendor --jobs 2",
		"Fetching gem metadata from mirror...",
		"Bundle complete! 184 Gemfile dependencies, 271 gems now installed.",
		"$ bundle exec rake db:setup",
		"-- create_table(\"events\", {:force=>true})   -> 0.0213s",
		"$ bundle exec rspec spec/models spec/services",
		"....................................................................",
		"..........................*.........................................",
		"....................................................................",
		"Finished in 4 minutes 12.7 seconds (files took 9.8 seconds to load)",
	}
}

// advance moves the job one step on: through its states, a line of output at a time, and from its end to a new start.
func (j *job) advance(now time.Time) {
	switch {
	case j.status == created:
		j.status = pending
	case j.status == pending:
		j.status, j.started = running, now
	case j.status == running && j.lines < len(script()):
		j.lines++
	case j.status == running:
		j.finish(j.verdict(), now)
	default:
		j.retry()
	}
}

// verdict is how the job ends if it is let.
func (j *job) verdict() string {
	if j.run%4 == 0 {
		return failed
	}
	return success
}

func (j *job) finish(status string, now time.Time) { j.status, j.finished = status, now }

func (j *job) retry() {
	*j = job{id: j.id, name: j.name, run: j.run + 1, status: created}
}

func (j *job) active() bool { return j.status == created || j.status == pending || j.status == running }

// trace is the tail of the output, with the verdict as its last line.
func (j *job) trace() []string {
	lines := script()[:j.lines]
	switch j.status {
	case success:
		lines = append(lines, "Job succeeded")
	case failed:
		lines = append(lines, "1 failure: Ability allows a guest to read a confidential issue", "ERROR: Job failed: exit code 1")
	case canceled:
		lines = append(lines, "ERROR: Job canceled")
	}
	return lines[max(0, len(lines)-12):]
}

// A stage is one column of the pipeline that the job belongs to.
type stage struct {
	Name   string `json:"name"`
	Status string `json:"status"`
}

func (j *job) stages() []stage {
	after := created
	if j.status == success {
		after = pending
	}
	return []stage{{"prepare", success}, {"build", success}, {"test", j.status}, {"deploy", after}}
}

// jobDocument is a job as one person sees it. It has no duration: that grows by itself, and what grows by itself would differ between two
// answers with one stamp. The page counts from started_at.
type jobDocument struct {
	Viewer     string     `json:"viewer"`
	ID         int        `json:"id"`
	Name       string     `json:"name"`
	Run        int        `json:"run"`
	Status     string     `json:"status"`
	StartedAt  *time.Time `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at"`
	Stages     []stage    `json:"stages"`
	Trace      string     `json:"trace"`
	Cancelable bool       `json:"cancelable"`
	Retryable  bool       `json:"retryable"`
}

func (j *job) document(viewer string) jobDocument {
	return jobDocument{
		Viewer: viewer, ID: j.id, Name: j.name, Run: j.run, Status: j.status,
		StartedAt: moment(j.started), FinishedAt: moment(j.finished),
		Stages: j.stages(), Trace: strings.Join(j.trace(), "\n"),
		Cancelable: j.active() && member(viewer), Retryable: !j.active() && member(viewer),
	}
}

// moment is t as JSON wants it: null while it has not come.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}
