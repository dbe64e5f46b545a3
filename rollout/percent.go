package rollout

import (
	"fmt"
	"strconv"
	"strings"
)

// A Percent is a share of actors in thousandths of a percent, 0 to 100000. It is an
// integer because a share that was rounded would move actors.
type Percent int32

// Everyone is 100 %.
const Everyone Percent = 100_000

// perPercent is the number of Percents in one percent: three decimals.
const perPercent = 1000

// ParsePercent reads a decimal number from 0 to 100 with at most three decimals,
// such as "25", "33.333" or "0.001". Signs, exponents, spaces and a percent sign are
// errors.
func ParsePercent(s string) (Percent, error) {
	whole, decimals, dotted := strings.Cut(s, ".")
	if dotted && (decimals == "" || len(decimals) > 3) {
		return 0, fmt.Errorf("percentage %q: want one to three digits after the point", s)
	}
	digits := whole + (decimals + "000")[:3]
	if whole == "" || len(whole) > 3 || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("percentage %q: want a decimal number from 0 to 100", s)
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0, fmt.Errorf("percentage %q: %w", s, err)
	}
	if n > int(Everyone) {
		return 0, fmt.Errorf("percentage %q: want at most 100", s)
	}
	return Percent(n), nil
}

// String returns p as ParsePercent reads it, without trailing zeros.
func (p Percent) String() string {
	whole, thousandths := int(p)/perPercent, int(p)%perPercent
	if thousandths == 0 {
		return strconv.Itoa(whole)
	}
	return strings.TrimRight(fmt.Sprintf("%d.%03d", whole, thousandths), "0")
}

// MarshalJSON returns p as a number, exact.
func (p Percent) MarshalJSON() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalJSON is [ParsePercent] of a number, as it is written.
func (p *Percent) UnmarshalJSON(number []byte) (err error) {
	*p, err = ParsePercent(string(number))
	return err
}
