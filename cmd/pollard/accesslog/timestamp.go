package accesslog

import "time"

// parseTime reads the time of a log line in any of the ways that servers write
// it: that of the common log format (10/Oct/2000:13:55:36 -0700), ISO 8601 and
// RFC 3339 with or without fraction and zone, and seconds, milliseconds,
// microseconds or nanoseconds since 1970, told apart by their size. No zone
// means UTC.
func parseTime(b []byte) (time.Time, bool) {
	switch {
	case len(b) >= 20 && b[2] == '/':
		return parseCommonTime(b)
	case len(b) >= 19 && (b[4] == '-' || b[4] == '/'):
		return parseISOTime(b)
	}
	return parseUnixTime(b)
}

// parseCommonTime reads day/month/year:hour:minute:second zone.
func parseCommonTime(b []byte) (time.Time, bool) {
	month := monthNamed(b[3:6])
	if month == 0 || b[6] != '/' || b[11] != ':' {
		return time.Time{}, false
	}
	day, ok1 := digits(b[:2])
	year, ok2 := digits(b[7:11])
	of, ok3 := parseClock(b[12:20])
	offset, ok4 := parseZone(b[20:])
	if !ok1 || !ok2 || !ok3 || !ok4 || !isDay(month, day) {
		return time.Time{}, false
	}
	return time.Unix(days(year, month, day)*86400+of-offset, 0), true
}

// parseISOTime reads year-month-day, "T" or a space, hour:minute:second, perhaps
// a fraction, perhaps a zone.
func parseISOTime(b []byte) (time.Time, bool) {
	year, ok1 := digits(b[:4])
	month, ok2 := digits(b[5:7])
	day, ok3 := digits(b[8:10])
	of, ok4 := parseClock(b[11:19])
	if !ok1 || !ok2 || !ok3 || !ok4 || b[7] != b[4] || b[10] != 'T' && b[10] != ' ' || !isDay(month, day) {
		return time.Time{}, false
	}
	rest, fraction := b[19:], int64(0)
	if len(rest) > 0 && (rest[0] == '.' || rest[0] == ',') {
		n := leadingDigits(rest[1:])
		fraction = scaled(rest[1:1+n], 9)
		rest = rest[1+n:]
	}
	offset, ok := parseZone(rest)
	return time.Unix(days(year, month, day)*86400+of-offset, fraction), ok
}

// parseUnixTime reads a count since 1970. A log of today that counts in seconds
// has ten digits, and three more for each smaller unit.
func parseUnixTime(b []byte) (time.Time, bool) {
	n := leadingDigits(b)
	whole, ok := digits(b[:n])
	if !ok || n > 19 {
		return time.Time{}, false
	}
	switch {
	case n > 17:
		return time.Unix(0, whole), n == len(b)
	case n > 14:
		return time.UnixMicro(whole), true
	case n > 11:
		return time.UnixMilli(whole), true
	}
	nanos := int64(0)
	if rest := b[n:]; len(rest) > 0 {
		if rest[0] != '.' || leadingDigits(rest[1:]) != len(rest)-1 {
			return time.Time{}, false
		}
		nanos = scaled(rest[1:], 9)
	}
	return time.Unix(whole, nanos), true
}

// parseClock reads hour:minute:second as seconds.
func parseClock(b []byte) (int64, bool) {
	hour, ok1 := digits(b[:2])
	minute, ok2 := digits(b[3:5])
	second, ok3 := digits(b[6:8])
	ok := ok1 && ok2 && ok3 && b[2] == ':' && b[5] == ':' && hour < 24 && minute < 60 && second <= 60
	return hour*3600 + minute*60 + second, ok
}

// parseZone reads what stands behind a time as seconds east of UTC: nothing, Z,
// or an offset such as -0700, +02:00 or +02, perhaps after a space.
func parseZone(b []byte) (int64, bool) {
	if len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	if len(b) == 0 || len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) < 3 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hours, ok := digits(b[1:3])
	offset := hours * 3600
	if rest := b[3:]; len(rest) > 0 {
		if rest[0] == ':' {
			rest = rest[1:]
		}
		minutes, isNumber := digits(rest)
		ok = ok && isNumber && len(rest) == 2
		offset += minutes * 60
	}
	if b[0] == '-' {
		offset = -offset
	}
	return offset, ok
}

func monthNamed(b []byte) int64 {
	switch string(b) {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}

func isDay(month, day int64) bool { return month >= 1 && month <= 12 && day >= 1 && day <= 31 }

// days counts from 1970 in the Gregorian calendar, by years that begin in March,
// so that the leap day is the last. time.Date does the same and takes three
// times as long.
func days(year, month, day int64) int64 {
	if month <= 2 {
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468
}
