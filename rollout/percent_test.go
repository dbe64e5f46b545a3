package rollout_test

import (
	"encoding/json"
	"testing"

	"github.com/pollard-proxy/pollard/rollout"
)

func TestPercentagesAreExact(t *testing.T) {
	tests := []struct {
		in   string
		want rollout.Percent
		out  string
	}{
		{"0", 0, "0"},
		{"25", 25_000, "25"},
		{"100", rollout.Everyone, "100"},
		{"100.000", rollout.Everyone, "100"},
		{"0.001", 1, "0.001"},
		{"33.333", 33_333, "33.333"},
		{"12.5", 12_500, "12.5"},
		{"12.50", 12_500, "12.5"},
		{"0.29", 290, "0.29"}, // 0.29 × 1000 is 289.99… in floating point
		{"007", 7_000, "7"},
		{"99.999", 99_999, "99.999"},
	}
	for _, test := range tests {
		got, err := rollout.ParsePercent(test.in)
		if err != nil || got != test.want {
			t.Errorf("ParsePercent(%q) = %d, %v; want %d", test.in, got, err, test.want)
		}
		if got := got.String(); got != test.out {
			t.Errorf("ParsePercent(%q).String() = %q, want %q", test.in, got, test.out)
		}
	}
}

func TestPercentagesInJSONAreExactNumbers(t *testing.T) {
	for text, want := range map[string]rollout.Percent{"0.29": 290, "33.333": 33_333, "100": rollout.Everyone} {
		var got rollout.Percent
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", text, got, err, want)
		}
		if again, err := json.Marshal(want); string(again) != text {
			t.Errorf("%d: got %s, %v; want %s", want, again, err, text)
		}
	}
	for _, text := range []string{`"25"`, "1e1", "-0", "0.0001", "101", "true"} {
		var p rollout.Percent
		if err := json.Unmarshal([]byte(text), &p); err == nil {
			t.Errorf("%s: got %v, want an error", text, p)
		}
	}
}

func TestImpossiblePercentagesAreRefused(t *testing.T) {
	inputs := []string{
		"", ".", ".5", "5.", "100.001", "101", "1000", "-1", "-0", "+5", "0.0001", "1e1", "0x10",
		" 5", "5 ", "5%", "1,5", "1.2.3", "NaN", "Inf", "٥", "1_0", "99999999999999999999",
	}
	for _, in := range inputs {
		if got, err := rollout.ParsePercent(in); err == nil {
			t.Errorf("ParsePercent(%q) = %v, want an error", in, got)
		}
	}
}

func FuzzParsePercent(f *testing.F) {
	f.Add("33.333")
	f.Add("0.001")
	f.Fuzz(func(t *testing.T, in string) {
		p, err := rollout.ParsePercent(in)
		if err != nil {
			return
		}
		if p < 0 || p > rollout.Everyone {
			t.Fatalf("ParsePercent(%q) = %d, out of bounds", in, p)
		}
		if again, err := rollout.ParsePercent(p.String()); err != nil || again != p {
			t.Fatalf("%q is %d, written %q, read again %d, %v", in, p, p.String(), again, err)
		}
	})
}
