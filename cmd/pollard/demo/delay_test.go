package demo

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/pollard-proxy/pollard/cmd/pollard/demo/legacy"
)

func TestDelaysAreFromTheChangeToTheColumnThatShowsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDelays()
		pushed, polled := column{through, "mine"}, column{direct, "mine"}
		for _, c := range []column{pushed, polled} {
			d.shown(c, "view 1", "/job", "tag 0") // what was there before
		}
		d.edited(legacy.Edit{Path: "/job", Tag: "tag 1", Session: "mine"})
		time.Sleep(100 * time.Millisecond)
		d.shown(pushed, "view 1", "/job", "tag 1")
		d.edited(legacy.Edit{Path: "/job", Tag: "tag 2", Session: "another's"})
		time.Sleep(2 * time.Second)
		d.shown(polled, "view 1", "/job", "tag 2") // it never saw the first
		want := delayBy{Own: delay{100, 1}}
		if got := d.of(pushed); got != want {
			t.Errorf("pushed: got %+v, want %+v", got, want)
		}
		want = delayBy{Own: delay{2100, 1}, Others: delay{2000, 1}}
		if got := d.of(polled); got != want {
			t.Errorf("polled: got %+v, want %+v", got, want)
		}
	})
}

func TestWhatWasThereWhenAViewWasOpenedIsNoDelay(t *testing.T) {
	d := newDelays()
	c := column{through, "mine"}
	d.shown(c, "view 1", "/job", "tag 0")
	d.edited(legacy.Edit{Path: "/job", Tag: "tag 1"})
	d.shown(c, "view 2", "/job", "tag 1") // hidden meanwhile
	d.shown(c, "view 2", "/job", "tag 1")
	d.shown(c, "view 2", "/job", "a tag that nobody knows")
	if got := d.of(c); got != (delayBy{}) {
		t.Errorf("got %+v, want nothing", got)
	}
}

func TestMedianOfDelaysIsOfTheNewest(t *testing.T) {
	var m measured
	for i := range 2 * samples {
		m.add(false, 2*time.Duration(i)*time.Millisecond)
	}
	want := delay{3*samples - 1, samples} // between the two in the middle
	if got := median(m.others); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEditsThatAreRememberedAreBounded(t *testing.T) {
	d := newDelays()
	for range 3 * rememberedEdits {
		d.edited(legacy.Edit{Path: "/job"})
	}
	if got := len(d.edits["/job"]); got != rememberedEdits {
		t.Errorf("got %d, want %d", got, rememberedEdits)
	}
}
