package main

import (
	"strings"
	"testing"
	"time"
)

func TestBarSaysHowFarAndHowLong(t *testing.T) {
	tests := []struct {
		done, size int64
		took       time.Duration
		want       string
	}{
		{0, 100e6, 0, "[" + strings.Repeat(" ", 30) + "]   0%, 0 MB/s, "},
		{50e6, 100e6, time.Second, "[" + strings.Repeat("=", 15) + strings.Repeat(" ", 15) + "]  50%, 50 MB/s, 1s left"},
		{110e6, 100e6, time.Second, "[" + strings.Repeat("=", 30) + "] 100%, 110 MB/s, "}, // a log that grows
		{50e6, 0, time.Second, "50 MB, 50 MB/s"},
	}
	for _, test := range tests {
		if got := bar(test.done, test.size, test.took); !strings.HasPrefix(got, test.want) {
			t.Errorf("%d of %d in %v: got %q, want %q", test.done, test.size, test.took, got, test.want)
		}
	}
}
