package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"time"
)

//go:embed page.html
var page string

// The size of a chart, in its own units; the page stretches it to the width that there is.
const (
	chartWidth  = 960
	chartHeight = 180
)

// HTML writes the report as one page that needs nothing else: styles and charts are
// in it, and no script.
func HTML(w io.Writer, r *Report) error {
	t, err := template.New("report").Funcs(template.FuncMap{
		"short": Short, "percent": Percent, "chart": chart,
		"when": func(at time.Time) string { return at.Local().Format("2 January 2006 15:04 MST") },
	}).Parse(page)
	if err != nil {
		return fmt.Errorf("the report's page: %w", err)
	}
	if err := t.Execute(w, r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// A drawing is a route's history as paths of an SVG.
type drawing struct {
	Width, Height        int
	Before, Polls, After string
	Most                 float64 // what the full height stands for
	From, To             time.Time
	Ticks                []tick
}

// chart draws a route's points; nil where there are fewer than two.
func chart(route Route) *drawing {
	if len(route.Points) < 2 {
		return nil
	}
	d := &drawing{Width: chartWidth, Height: chartHeight, From: route.Points[0].At, To: route.Points[len(route.Points)-1].At}
	for _, p := range route.Points {
		d.Most = math.Max(d.Most, math.Max(p.Before(), p.Calls))
	}
	d.Ticks = ticks(d.From.Local(), d.To.Local())
	d.Before = d.area(route.Points, Counts.Before)
	d.Polls = d.area(route.Points, func(c Counts) float64 { return c.Polls })
	d.After = d.area(route.Points, func(c Counts) float64 { return c.Calls })
	return d
}

// area is the path around what lies below a value over time. A gap between points is
// a time of nothing.
func (d *drawing) area(points []Point, value func(Counts) float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M0 %d", d.Height)
	span, most := d.To.Sub(d.From).Seconds(), math.Max(d.Most, 1)
	for i, p := range points {
		x := p.At.Sub(d.From).Seconds() / span * chartWidth
		if i > 0 && p.At.Sub(points[i-1].At) > Quarter {
			was := points[i-1].At.Sub(d.From).Seconds() / span * chartWidth
			fmt.Fprintf(&b, "L%.1f %d L%.1f %d", was, d.Height, x, d.Height)
		}
		fmt.Fprintf(&b, "L%.1f %.1f", x, chartHeight*(1-value(p.Counts)/most))
	}
	fmt.Fprintf(&b, "L%d %dZ", d.Width, d.Height)
	return b.String()
}
