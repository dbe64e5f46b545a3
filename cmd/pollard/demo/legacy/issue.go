package legacy

import (
	"fmt"
	"html"
	"strings"
	"time"
)

// An issue is a title, a description with tasks, and a reference that not everybody may read.
type issue struct {
	id          int
	title       string
	tasks       []string
	done        int // the first done tasks are ticked
	lockVersion int
	updated     time.Time
	updatedBy   string
}

func newIssue(id int) *issue {
	titles := []string{"The fleet drowns in polls", "Dashboard is slow on Monday mornings", "Retire the old importer"}
	return &issue{id: id, title: titles[(id-1)%len(titles)], done: id, tasks: []string{
		"Count who polls what, and how often", "Put a proxy in front", "Watch the calls fall", "Switch half of the web nodes off", "Tell the team",
	}}
}

// advance ticks the next task, and starts over when all are done.
func (i *issue) advance(now time.Time, person string) {
	i.done = (i.done + 1) % (len(i.tasks) + 1)
	i.edited(now, person)
}

func (i *issue) edited(now time.Time, person string) {
	i.lockVersion++
	i.updated, i.updatedBy = now, person
}

// issueDocument is an issue as one person sees it: like its model it is rendered for its reader, so that two people get two bodies under
// one stamp.
type issueDocument struct {
	Viewer          string     `json:"viewer"`
	Number          int        `json:"-"`     // for links
	Title           string     `json:"title"` // HTML
	TitleText       string     `json:"title_text"`
	Description     string     `json:"description"` // HTML
	DescriptionText string     `json:"description_text"`
	TaskStatus      string     `json:"task_status"`
	LockVersion     int        `json:"lock_version"`
	UpdatedAt       *time.Time `json:"updated_at,omitempty"`
	UpdatedByName   string     `json:"updated_by_name,omitempty"`
}

func (i *issue) document(viewer string) issueDocument {
	return issueDocument{
		Viewer: viewer, Number: i.id, Title: html.EscapeString(i.title), TitleText: i.title,
		Description: i.descriptionHTML(viewer), DescriptionText: i.descriptionText(viewer),
		TaskStatus:  fmt.Sprintf("%d of %d tasks completed", i.done, len(i.tasks)),
		LockVersion: i.lockVersion, UpdatedAt: moment(i.updated), UpdatedByName: i.updatedBy,
	}
}

// related is a reference to an issue whose title only members may read.
func related(viewer string) string {
	if member(viewer) {
		return "#7 Rotate the payroll keys (confidential)"
	}
	return "#7"
}

func (i *issue) descriptionText(viewer string) string {
	return "Blocked by " + related(viewer) + ". Every open tab asks every three seconds whether anything has changed. Mostly nothing has."
}

func (i *issue) descriptionHTML(viewer string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<p>%s</p><ul>", html.EscapeString(i.descriptionText(viewer)))
	for n, task := range i.tasks {
		ticked := ""
		if n < i.done {
			ticked = " checked"
		}
		fmt.Fprintf(&b, `<li><input type="checkbox" disabled%s> %s</li>`, ticked, html.EscapeString(task))
	}
	b.WriteString("</ul>")
	return b.String()
}
