package coalescer

import (
	"testing"
	"time"
)

func TestWhatIsHeldDoesNotLeaveAndWhatHasLeftIsNotHeld(t *testing.T) {
	c := &Coalescer{documents: newDocuments(Options{Documents: 10, StoredBytes: 1 << 20, Idle: time.Minute})}
	d, p := c.documents, &Poll{Key: numbered(1), Route: &Route{}}
	f := d.acquire(p, c)
	if d.drop(f) || d.acquire(p, c) != f {
		t.Fatal("a feed that is held has left")
	}
	d.release(f)
	if d.drop(f) {
		t.Error("a feed that another holds has left")
	}
	d.release(f)
	if !d.drop(f) || d.drop(f) {
		t.Error("want a feed that nobody holds to leave once")
	}
	if f.seat.hold() || d.peek(p.Key) != nil || d.use(&p.Key, time.Now()) != nil {
		t.Error("a feed that has left is found")
	}
	d.account(f, &Snapshot{Body: make([]byte, 100)}, 0)
	if n, bytes := d.count.Load(), d.bytes.Load(); n != 0 || bytes != 0 {
		t.Errorf("%d documents of %d bytes are left over", n, bytes)
	}
	if again := d.acquire(p, c); again == f {
		t.Error("a feed that had left came back")
	}
}
