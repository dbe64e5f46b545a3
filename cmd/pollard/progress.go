package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// progressEvery is how often the bar is drawn, progressWidth how wide.
const (
	progressEvery = 200 * time.Millisecond
	progressWidth = 30
)

// progress draws a bar on one line of a terminal; elsewhere it draws nothing.
type progress struct {
	w        io.Writer // nil where there is no terminal
	size     int64     // bytes in all; 0 if that is not known
	consumed func() int64
	began    time.Time
	drawn    time.Time
	calls    int
}

func newProgress(w io.Writer, size int64, consumed func() int64) *progress {
	p := &progress{size: size, consumed: consumed, began: time.Now()}
	if isTerminal(w) {
		p.w = w
	}
	return p
}

// step may be called for every line: it looks at the clock now and then.
func (p *progress) step() {
	if p.calls++; p.w == nil || p.calls&0x3ff != 0 || time.Since(p.drawn) < progressEvery {
		return
	}
	p.drawn = time.Now()
	fmt.Fprint(p.w, "\r"+bar(p.consumed(), p.size, time.Since(p.began))+"\x1b[K")
}

// end wipes the bar.
func (p *progress) end() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// bar says how much of size was read in a time, and how long the rest may take.
func bar(done, size int64, took time.Duration) string {
	speed := float64(done) / max(took.Seconds(), 0.001)
	if size <= 0 {
		return fmt.Sprintf("%d MB, %.0f MB/s", done/1e6, speed/1e6)
	}
	share := min(float64(done)/float64(size), 1)
	full := int(share * progressWidth)
	left := time.Duration(float64(max(size-done, 0)) / max(speed, 1e6) * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("[%s%s] %3.0f%%, %.0f MB/s, %v left",
		strings.Repeat("=", full), strings.Repeat(" ", progressWidth-full), 100*share, speed/1e6, left)
}
