package accesslog

// jsonLines reads logs of one JSON object a line.
type jsonLines struct {
	members []member
	ends    bool   // the time is that of the answer
	method  []byte // of all lines, where they do not say it

	// Of the line in hand.
	r      *record
	text   text
	params []byte
}

func (j *jsonLines) parse(line []byte, r *record) verdict {
	j.r = r
	j.text = text{b: line, buf: j.text.buf[:0]}
	j.params = j.params[:0]
	if !j.object(j.members) || j.text.next() != 0 {
		return malformed
	}
	if j.method != nil {
		r.method = j.method
	}
	if len(j.params) > 0 {
		r.query = j.params
	}
	return j.conclude()
}

// conclude judges a line that could be read. Servers log more than requests to
// the same file, and write status 0 where a client went away first.
func (j *jsonLines) conclude() verdict {
	r := j.r
	if r.status == 0 || r.verdict() == other {
		return other
	}
	if r.time.IsZero() {
		return malformed
	}
	if j.ends {
		r.time = r.time.Add(-r.took)
	}
	return get
}

// object walks over an object of which some members tell something.
func (j *jsonLines) object(members []member) bool {
	return j.text.each('{', func(name []byte) bool {
		m := find(members, name)
		switch {
		case m == nil:
			return j.text.skip()
		case m.members != nil && j.text.next() == '{':
			return j.object(m.members)
		case m.field == paramsField:
			return j.parameters()
		}
		return j.value(m.field)
	})
}

// value notes a value; of an array, such as a field's values, the first.
func (j *jsonLines) value(f field) bool {
	switch j.text.next() {
	case '"':
		s, ok := j.text.string()
		j.r.set(f, s)
		return ok
	case '[':
		first := true
		return j.text.each('[', func([]byte) bool {
			if first && j.text.next() == '"' {
				first = false
				return j.value(f)
			}
			return j.text.skip()
		})
	case '{':
		return j.text.skip()
	}
	word := j.text.word()
	j.r.set(f, word)
	return len(word) > 0
}

// parameters makes a query of Rails' parameters. Those that Rails took from the
// path are among them; they do no harm, as the same path gives the same.
func (j *jsonLines) parameters() bool {
	if j.text.next() != '[' {
		return j.text.skip()
	}
	return j.text.each('[', func([]byte) bool {
		if j.text.next() != '{' {
			return j.text.skip()
		}
		return j.parameter()
	})
}

// parameter appends one. A value that is no string or number is written as the
// JSON that it is.
func (j *jsonLines) parameter() bool {
	if len(j.params) > 0 {
		j.params = append(j.params, '&')
	}
	return j.text.each('{', func(name []byte) bool {
		if string(name) == "value" {
			j.params = append(j.params, '=')
		}
		if j.text.next() == '"' {
			s, ok := j.text.string()
			j.params = appendQueryEscaped(j.params, s)
			return ok
		}
		from := j.text.i
		ok := j.text.skip()
		j.params = appendQueryEscaped(j.params, j.text.b[from:j.text.i])
		return ok
	})
}

// appendQueryEscaped escapes as net/url does for a query.
func appendQueryEscaped(to, b []byte) []byte {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '-', c == '_', c == '.', c == '~':
			to = append(to, c)
		default:
			to = append(to, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		}
	}
	return to
}
