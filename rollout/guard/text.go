package guard

import (
	"fmt"
	"strconv"
	"time"
)

// String returns p as an operator reads it: "4.2 % of 1,210".
func (p portion) String() string {
	return fmt.Sprintf("%s of %s", percentage(p.share()), thousands(uint64(p.of)))
}

func (p portion) figure() Figure { return Figure{Value: p.share(), N: uint64(p.of)} }

func percentage(share float64) string {
	v := share * 100
	switch {
	case v == 0:
		return "0 %"
	case v >= 10:
		return fmt.Sprintf("%.0f %%", v)
	case v >= 0.1:
		return fmt.Sprintf("%.1f %%", v)
	}
	return strconv.FormatFloat(v, 'g', 2, 64) + " %"
}

// thousands returns n with a comma before each three digits.
func thousands(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// roughly returns d with two digits.
func roughly(d time.Duration) string {
	if d >= time.Second {
		return fmt.Sprintf("%.2g s", d.Seconds())
	}
	return fmt.Sprintf("%.0f ms", max(float64(d)/float64(time.Millisecond), 1))
}

// needs returns what of a least number is missing, "" if nothing is.
func needs(least, have uint32, what string) string {
	if have >= least {
		return ""
	}
	return fmt.Sprintf("needs %s more %s", thousands(uint64(least-have)), what)
}
