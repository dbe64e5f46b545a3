package advice

import (
	"fmt"
	"strings"
	"time"
)

// YAML returns the entry of a route that says what is advised, under `routes:`.
// It begins where a migration begins: at `observe` as long as the evidence is
// thin or nothing would be saved, else at one percent of `coalesce`.
func YAML(a Advice) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("  - name: %s", a.Route)
	if a.Path != "" {
		line("    path: %q", a.Path)
	} else {
		line("    # path: as it is")
	}
	if best := a.saves("coalesce", a.Share); a.IsPolled && best.Low != nil && *best.Low > 0 {
		line("    stage: coalesce # predicted to save %s of the calls", best)
		line("    percent: 1")
	} else {
		line("    stage: observe")
	}
	line("    share: %s", a.Share)
	if a.IntervalMS > 0 {
		line("    interval: %s", time.Duration(a.IntervalMS)*time.Millisecond)
	}
	if a.TagFromBody {
		line("    etag: body")
	}
	return b.String()
}
