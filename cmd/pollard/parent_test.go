package main

import "testing"

func TestParentsThatKeepSIGTERMToThemselvesAreKnown(t *testing.T) {
	tests := []struct{ name, status, want string }{
		{"a shell", "Name:\tdash\nSigIgn:\t0000000000000000\n", "is a shell"},
		{"ignores SIGTERM", "Name:\twrapper\nSigIgn:\t0000000000004000\n", "ignores SIGTERM"},
		{"ignores SIGPIPE and SIGCHLD", "Name:\tsystemd\nSigIgn:\t0000000000011000\n", ""},
		{"catches SIGTERM", "Name:\ttini\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000004000\n", ""},
		{"nothing", "", ""},
	}
	for _, test := range tests {
		if got := swallows(test.status); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
