package accesslog

import (
	"testing"
	"time"
)

func TestTimesAreReadInEveryWayThatServersWriteThem(t *testing.T) {
	tests := []struct{ text, want string }{
		{"10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z"},
		{"29/Feb/2024:23:59:60 +0530", "2024-02-29T18:30:00Z"},
		{"2026-11-20T08:30:01Z", "2026-11-20T08:30:01Z"},
		{"2026-11-20T08:30:01.123456789+02:00", "2026-11-20T06:30:01.123456789Z"},
		{"2026-11-20T08:30:01.5-0130", "2026-11-20T10:00:01.5Z"},
		{"2026-11-20T08:30:01,25+01", "2026-11-20T07:30:01.25Z"},
		{"2026-11-20 08:30:01", "2026-11-20T08:30:01Z"},
		{"2026/11/20 08:30:01.000", "2026-11-20T08:30:01Z"},
		{"2026-11-20 08:30:01 +0100", "2026-11-20T07:30:01Z"},
		{"1795163401", "2026-11-20T08:30:01Z"},
		{"1795163401.25", "2026-11-20T08:30:01.25Z"},
		{"1795163401250", "2026-11-20T08:30:01.25Z"},
		{"1795163401250.75", "2026-11-20T08:30:01.25Z"},
		{"1795163401250000", "2026-11-20T08:30:01.25Z"},
		{"1795163401250000000", "2026-11-20T08:30:01.25Z"},
	}
	for _, test := range tests {
		got, ok := parseTime([]byte(test.text))
		if want := at(t, test.want); !ok || !got.Equal(want) {
			t.Errorf("%s: got %v, %v; want %v", test.text, got.UTC(), ok, want)
		}
	}
}

func TestWhatIsNoTimeIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "-", "x", "1795163401x", "1795163401.2x", "12345678901234567890", "9999999999999999999",
		"10/Foo/2000:13:55:36 -0700", "10/Oct/2000:24:55:36 -0700", "32/Oct/2000:13:55:36 -0700", "10/Oct/2000:13:55:36 0700",
		"2026-13-20T08:30:01Z", "2026-11-20T08:60:01Z", "2026-11-20T08:30:01 PST", "2026-11/20T08:30:01Z", "2026-11-20T08:30:01+1",
	} {
		if got, ok := parseTime([]byte(text)); ok {
			t.Errorf("%q: got %v, want none", text, got)
		}
	}
}

// FuzzParseTime compares with the standard library where both read a time.
func FuzzParseTime(f *testing.F) {
	const common = "02/Jan/2006:15:04:05 -0700"
	f.Add(int64(1795163401), int64(123456789), -7)
	f.Add(int64(951782399), int64(0), 14)
	f.Fuzz(func(t *testing.T, seconds, nanos int64, hours int) {
		want := time.Unix(seconds%(1<<36), (nanos%1e9+1e9)%1e9).In(time.FixedZone("", hours%24*3600))
		if want.Year() < 1000 || want.Year() > 9999 {
			t.Skip("neither layout has room for such a year")
		}
		if got, ok := parseTime([]byte(want.Format(common))); !ok || !got.Equal(want.Truncate(time.Second)) {
			t.Errorf("%s: got %v, %v", want.Format(common), got, ok)
		}
		if got, ok := parseTime([]byte(want.Format(time.RFC3339Nano))); !ok || !got.Equal(want) {
			t.Errorf("%s: got %v, %v", want.Format(time.RFC3339Nano), got, ok)
		}
	})
}

func TestDurationsAreReadInEveryUnit(t *testing.T) {
	tests := []struct {
		text string
		unit time.Duration
		want time.Duration
	}{
		{"0.004", time.Second, 4 * time.Millisecond},
		{"12", time.Millisecond, 12 * time.Millisecond},
		{"12.5", time.Millisecond, 12500 * time.Microsecond},
		{"4123456", time.Nanosecond, 4123456},
		{"4.1e-05", time.Second, 41 * time.Microsecond},
		{"-1", time.Second, 0},
		{"1e300", time.Second, 0},
		{"NaN", time.Second, 0},
		{"-", time.Second, 0},
	}
	for _, test := range tests {
		if got, _ := parseDuration([]byte(test.text), test.unit); got != test.want {
			t.Errorf("%s of %v: got %v, want %v", test.text, test.unit, got, test.want)
		}
	}
}
