package redistest

import (
	"bufio"
	"io"
	"strings"
	"testing"
)

func TestALossyWireLosesMessagesAndNothingElse(t *testing.T) {
	const (
		first  = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\n\r\n\r\n"
		second = "*3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$1\r\nb\r\n"
		third  = ">4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\nc\r\n$1\r\nd\r\n"
		begins = "+OK\r\n:12\r\n$-1\r\n*-1\r\n*0\r\n%1\r\n$5\r\nproto\r\n:2\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"
		ends   = "*2\r\n$4\r\npong\r\n$0\r\n\r\n*2\r\n*1\r\n$1\r\nx\r\n-ERR message\r\n"
	)
	n := 0
	everySecond := func() bool { n++; return n%2 == 0 }
	got, err := io.ReadAll(&sieve{from: bufio.NewReader(strings.NewReader(begins + first + second + third + ends)), lose: everySecond})
	if want := begins + first + third + ends; string(got) != want || err != nil {
		t.Errorf("got %q, error %v, want %q", got, err, want)
	}
	if n != 3 {
		t.Errorf("asked of %d messages, want 3", n)
	}
}
