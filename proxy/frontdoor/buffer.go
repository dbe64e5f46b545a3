package frontdoor

// deliver moves vetted bytes into p.
func (s *stream) deliver(p []byte) int {
	n := copy(p, s.buf[s.off:s.vetted])
	s.off += n
	if s.off == len(s.buf) {
		s.drop()
	}
	return n
}

// skip lets go of vetted bytes that nobody else will see.
func (s *stream) skip() {
	s.off = s.vetted
	if s.off == len(s.buf) {
		s.drop()
	}
}

// skipped counts a message that never came here.
func (s *stream) skipped() {
	s.messages++
	s.section = 0
}

// direct returns the part of p that may be read into without looking: the data of a body, or a tunnel. It is nil where
// bytes have to be vetted first.
func (s *stream) direct(p []byte) []byte {
	switch {
	case s.off < len(s.buf):
		return nil
	case s.phase == inTunnel:
		return p
	case s.phase == inData:
		return p[:min(int64(len(p)), s.remain)]
	}
	return nil
}

// idle reports whether all that arrived belongs to messages that have been handed on whole.
func (s *stream) idle() bool {
	return s.vetted == s.off && (s.phase == inHead || s.phase == inTunnel)
}

// push keeps bytes that arrived.
func (s *stream) push(b []byte) { s.grow(copy(s.space(len(b)), b)) }

// space returns room for at least n bytes more; grow says how many of them came.
func (s *stream) space(n int) []byte {
	if s.buf == nil {
		s.buf = s.pool.Get().(*[bufferBytes]byte)[:0]
	}
	if cap(s.buf)-len(s.buf) < n && s.off > 0 {
		s.buf = s.buf[:copy(s.buf, s.buf[s.off:])]
		s.vetted, s.scan, s.off = s.vetted-s.off, s.scan-s.off, 0
	}
	if cap(s.buf)-len(s.buf) < n {
		bigger := make([]byte, len(s.buf), max(2*cap(s.buf), len(s.buf)+n))
		copy(bigger, s.buf)
		s.release()
		s.buf = bigger
	}
	return s.buf[len(s.buf):cap(s.buf)]
}

func (s *stream) grow(n int) { s.buf = s.buf[:len(s.buf)+n] }

// drop forgets the buffer: an idle connection holds none.
func (s *stream) drop() {
	s.release()
	s.buf, s.off, s.vetted, s.scan = nil, 0, 0, 0
}

func (s *stream) release() {
	if cap(s.buf) == bufferBytes {
		s.pool.Put((*[bufferBytes]byte)(s.buf[:bufferBytes]))
	}
}
