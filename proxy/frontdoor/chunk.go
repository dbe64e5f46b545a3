package frontdoor

import "net/http"

// chunkSize vets a line of chunk-size [ chunk-ext ] (RFC 9112 §7.1). Extensions are passed on for net/http to ignore.
// White space around them, which the grammar tolerates as "bad", is not: parsers differ on it.
func (s *stream) chunkSize() (more bool, f *refusal) {
	line, f := s.line(chunkLineBytes, http.StatusBadRequest, "chunk size")
	if f != nil || line == nil {
		return false, f
	}
	n, digits := uint64(0), 0
	for ; digits < len(line); digits++ {
		v, ok := unhex(line[digits])
		if !ok {
			break
		}
		if digits == 16 || n>>59 != 0 { // net/http reads 16 digits; a size is at most 2^63-1
			return false, badRequest("chunk size")
		}
		n = n<<4 | v
	}
	if digits == 0 || digits < len(line) && line[digits] != ';' || !isFieldValue(line) {
		return false, badRequest("chunk size")
	}
	s.vetted = s.scan
	if n == 0 {
		s.phase, s.section = inTrailer, 0
		return true, nil
	}
	s.phase, s.remain = inData, int64(n)
	return true, nil
}

func (s *stream) chunkEnd() (more bool, f *refusal) {
	rest := s.buf[s.scan:]
	if len(rest) > 0 && rest[0] != '\r' || len(rest) > 1 && rest[1] != '\n' {
		return false, badRequest("chunk end")
	}
	if len(rest) < 2 {
		return false, nil
	}
	s.scan += 2
	s.vetted, s.phase = s.scan, inChunkSize
	return true, nil
}

// trailerLine vets a trailer field, or the end of the body. Fields that say how a message is framed or routed mean
// nothing in a trailer section, except to a parser that can be deceived (RFC 9110 §6.5.1).
func (s *stream) trailerLine() (more bool, f *refusal) {
	from := s.scan
	line, f := s.line(trailerBytes-s.section, http.StatusBadRequest, "trailer section")
	if f != nil || line == nil {
		return false, f
	}
	s.section += s.scan - from
	s.vetted = s.scan
	if len(line) == 0 {
		s.section = 0
		s.endMessage()
		return false, nil
	}
	name, _, f := splitField(line)
	if f != nil {
		return false, f
	}
	if is(name, "content-length") || is(name, "transfer-encoding") || is(name, "host") {
		return false, badRequest("trailer field")
	}
	return true, nil
}
