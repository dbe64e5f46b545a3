package main

// A tile is a panel that has no place yet.
type tile struct {
	panel
	width, height int
}

// A line is a row of tiles under a heading.
type line struct {
	heading string
	tiles   []tile
}

// A shown is an expression and what its series are called.
type shown struct{ expr, legend string }

// lay places lines below each other. Tiles go from left to right and wrap at the
// grid's width.
func lay(lines ...line) []panel {
	const gridWidth = 24
	var panels []panel
	y := 0
	add := func(p panel, at gridPos) {
		p.ID, p.GridPos = len(panels)+1, at
		panels = append(panels, p)
	}
	for _, l := range lines {
		open := false
		add(panel{Type: "row", Title: l.heading, Collapsed: &open, Panels: []panel{}}, gridPos{H: 1, W: gridWidth, Y: y})
		y++
		x, height := 0, 0
		for _, t := range l.tiles {
			if x+t.width > gridWidth {
				x, y, height = 0, y+height, 0
			}
			add(t.panel, gridPos{H: t.height, W: t.width, X: x, Y: y})
			x, height = x+t.width, max(height, t.height)
		}
		y += height
	}
	return panels
}

// chart draws expressions over time.
func chart(title, unit, description string, exprs ...shown) tile {
	return tile{panel{
		Type: "timeseries", Title: title, Description: description, Datasource: &prometheus, Targets: targets(exprs, false),
		FieldConfig: &fieldConfig{
			Defaults: defaults{Unit: unit, Custom: map[string]any{
				"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": false,
				"stacking": map[string]any{"mode": "none", "group": "A"},
			}},
			Overrides: []override{},
		},
		Options: map[string]any{
			"legend":  map[string]any{"displayMode": "table", "placement": "bottom", "calcs": []string{"mean", "max"}, "showLegend": true},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		},
	}, 12, 9}
}

// figure shows the newest value of one expression.
func figure(title, unit, description, expr string) tile {
	return tile{panel{
		Type: "stat", Title: title, Description: description, Datasource: &prometheus, Targets: targets([]shown{{expr, ""}}, true),
		FieldConfig: &fieldConfig{Defaults: defaults{Unit: unit, NoValue: "-"}, Overrides: []override{}},
		Options: map[string]any{
			"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
			"colorMode":     "none", "graphMode": "none", "justifyMode": "center", "textMode": "auto",
		},
	}, 4, 4}
}

// table joins expressions by a label: a line for each of its values.
func table(title, description, label string, columns ...column) tile {
	names := map[string]any{label: label}
	var exprs []shown
	var overrides []override
	for i, c := range columns {
		exprs = append(exprs, shown{c.expr, ""})
		names["Value #"+refID(i)] = c.title
		overrides = append(overrides, override{matcher{"byName", c.title}, []property{{"unit", c.unit}}})
	}
	all := targets(exprs, true)
	for i := range all {
		all[i].Format = "table"
	}
	return tile{panel{
		Type: "table", Title: title, Description: description, Datasource: &prometheus, Targets: all,
		FieldConfig: &fieldConfig{Defaults: defaults{Unit: "short", NoValue: "-"}, Overrides: overrides},
		Options:     map[string]any{"showHeader": true, "cellHeight": "sm"},
		Transformations: []transformation{
			{"joinByField", map[string]any{"byField": label, "mode": "outer"}},
			{"organize", map[string]any{"renameByName": names, "includeByName": map[string]any{}, "indexByName": map[string]any{}, "excludeByName": times(len(columns))}},
		},
	}, 24, 9}
}

// A column is of a table.
type column struct{ title, unit, expr string }

// times names the columns of timestamps, of which each joined expression brings one.
func times(n int) map[string]any {
	hidden := map[string]any{"Time": true}
	for i := range n {
		hidden["Time "+string(rune('1'+i))] = true
	}
	return hidden
}

func targets(exprs []shown, instant bool) []target {
	var all []target
	for i, e := range exprs {
		all = append(all, target{RefID: refID(i), Datasource: prometheus, Expr: e.expr, LegendFormat: e.legend, Instant: instant, Range: !instant})
	}
	return all
}

func refID(i int) string { return string(rune('A' + i)) }

// stacked piles the series of a chart up.
func (t tile) stacked() tile {
	t.FieldConfig.Defaults.Custom["stacking"] = map[string]any{"mode": "normal", "group": "A"}
	t.FieldConfig.Defaults.Custom["fillOpacity"] = 40
	return t
}

// bars draws a chart as bars of one step each.
func (t tile) bars(step string) tile {
	t.FieldConfig.Defaults.Custom["drawStyle"] = "bars"
	t.FieldConfig.Defaults.Custom["fillOpacity"] = 60
	t.Interval = step
	return t
}

// share bounds the axis to a share of one, or less than nothing.
func (t tile) share() tile {
	one, decimals := 1.0, 1
	t.FieldConfig.Defaults.Max, t.FieldConfig.Defaults.Decimals = &one, &decimals
	return t
}

// at is the size of a tile.
func (t tile) at(width, height int) tile {
	t.width, t.height = width, height
	return t
}

// named gives numbers a word and a colour.
func (t tile) named(words map[string][2]string) tile {
	options := make(map[string]any)
	for value, word := range words {
		options[value] = map[string]any{"text": word[0], "color": word[1]}
	}
	t.FieldConfig.Defaults.Mappings = []any{map[string]any{"type": "value", "options": options}}
	return t
}

// timeline shows which state each series was in.
func timeline(title, description string, e shown) tile {
	t := chart(title, "none", description, e)
	t.Type = "state-timeline"
	t.FieldConfig.Defaults.Custom = map[string]any{"fillOpacity": 70, "lineWidth": 0}
	t.Options = map[string]any{
		"showValue": "auto", "mergeValues": true, "rowHeight": 0.9,
		"legend": map[string]any{"displayMode": "list", "placement": "bottom", "calcs": []string{}, "showLegend": false}, "tooltip": map[string]any{"mode": "single", "sort": "none"},
	}
	return t
}

// limits colours a figure or a gauge: green below warn, then orange, from bad on red.
func (t tile) limits(warn, bad float64) tile {
	t.FieldConfig.Defaults.Thresholds = &thresholds{"absolute", []step{{"green", nil}, {"orange", &warn}, {"red", &bad}}}
	t.FieldConfig.Defaults.Color = map[string]any{"mode": "thresholds"}
	if t.Type == "stat" {
		t.Options["colorMode"] = "value"
	}
	return t
}
