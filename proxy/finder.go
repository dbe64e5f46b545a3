package proxy

// A Finder finds routes without serving them: for what was logged, not asked.
// It is safe for concurrent use.
type Finder struct{ table table }

// NewFinder compiles the patterns of routes. The error names the first that is
// none.
func NewFinder(options []RouteOptions) (*Finder, error) {
	f := &Finder{}
	for _, o := range options {
		p, err := parsePattern(o.Path)
		if err != nil {
			return nil, err
		}
		f.table.routes = append(f.table.routes, &Route{RouteOptions: o, pattern: p})
	}
	return f, nil
}

// Find returns the route that polls of a raw path are on, nil for none.
func (f *Finder) Find(path string) *Route { return f.table.match(path) }

// KeyQuery returns the part of a raw query, with its "?", that is in the key.
func (rt *Route) KeyQuery(raw string) string { return rt.query(raw) }
