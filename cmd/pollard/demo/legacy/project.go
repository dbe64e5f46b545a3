package legacy

// ImportPath is polled by everybody under the same URL, and answers each person with that person's own imports.
const ImportPath = "/import/github/realtime_changes.json"

// batch is how many objects one step of an import brings in.
const batch = 24

// A project is being imported from elsewhere.
type project struct {
	id       int
	name     string
	fetched  int // objects found there
	imported int // objects brought here
}

// newImport returns the projects of the person with the given number, no two people's alike.
func newImport(person int) []*project {
	names := []string{"website", "mobile", "handbook"}
	projects := make([]*project, len(names))
	for i, name := range names {
		projects[i] = &project{id: 10*person + i + 1, name: name, fetched: 40 + 37*i + 5*person}
	}
	return projects
}

// advance brings in the next batch of the first project that is not complete, and reports whether there was one.
func advance(projects []*project) bool {
	for _, p := range projects {
		if p.imported < p.fetched {
			p.imported = min(p.imported+batch, p.fetched)
			return true
		}
	}
	return false
}

// advanceAll moves everybody's import on, and starts them all again once nothing is left, or nobody would have a reason to poll.
func advanceAll(imports map[string][]*project) {
	moved := false
	for _, projects := range imports {
		moved = advance(projects) || moved
	}
	for _, projects := range imports {
		if !moved {
			restart(projects)
		}
	}
}

func restart(projects []*project) {
	for _, p := range projects {
		p.imported = 0
	}
}

func (p *project) status() string {
	switch p.imported {
	case 0:
		return "scheduled"
	case p.fetched:
		return "finished"
	}
	return "started"
}

// projectDocument is one entry of the array that the import page polls.
type projectDocument struct {
	Viewer string           `json:"viewer"`
	ID     int              `json:"id"`
	Name   string           `json:"full_path"`
	Status string           `json:"import_status"`
	Stats  map[string]count `json:"stats"`
}

// A count is of the objects that one side of an import knows.
type count struct {
	Objects int `json:"objects"`
}

func importDocument(projects []*project, viewer string) []projectDocument {
	entries := make([]projectDocument, len(projects))
	for i, p := range projects {
		entries[i] = projectDocument{
			Viewer: viewer, ID: p.id, Name: viewer + "/" + p.name, Status: p.status(),
			Stats: map[string]count{"fetched": {p.fetched}, "imported": {p.imported}},
		}
	}
	return entries
}

// complete reports whether nothing is left to bring in.
func complete(projects []*project) bool {
	for _, p := range projects {
		if p.imported < p.fetched {
			return false
		}
	}
	return true
}
