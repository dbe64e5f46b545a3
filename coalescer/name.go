package coalescer

// Name is what the instances of a fleet call a document: keyed hashes of it. The
// first half says whose it is, or, of what is nobody's, which; the second half
// then says which of theirs, and is zero else.
type Name [32]byte

// commonName returns the name of what is nobody's in particular: a document, or a place
// that is probed.
func commonName(target [16]byte) (n Name) {
	copy(n[:], target[:])
	return n
}

// privateName returns the name of a document of one identity.
func privateName(k Key) (n Name) {
	copy(n[:16], k.Identity[:])
	copy(n[16:], k.Target[:])
	return n
}

// Owner returns whose document this is, ok is false for what is nobody's in
// particular.
func (n Name) Owner() (who Identity, ok bool) {
	if [16]byte(n[16:]) == [16]byte{} {
		return Identity{}, false
	}
	return Identity(n[:16]), true
}
