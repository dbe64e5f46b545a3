package admin

import (
	"testing"
	"time"

	"github.com/pollard-proxy/pollard/rollout/advice"
)

func TestAdviceNamesWhatCanBeRetiredWhetherOrNotAnythingPasses(t *testing.T) {
	gone := &advice.Retirement{Since: time.Now(), Days: 30}
	learnt := []advice.Advice{{Route: "polled", IsNew: true}, {Route: "quiet"}}
	all := retire(retire(learnt, Route{Name: "quiet", Retirable: gone}), Route{Name: "polled", Retirable: gone})
	if len(all) != 3 || all[1].Retirement != gone || all[2].Route != "polled" || all[2].Retirement != gone {
		t.Errorf("got %+v, want it beside what was learnt of quiet, and polled added: a new route of that name is another", all)
	}
	if all[0].Retirement != nil {
		t.Error("URLs on no route can be retired")
	}
}
