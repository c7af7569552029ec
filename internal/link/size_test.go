package link

import (
	"testing"
	"unsafe"
)

// A connection and its HTTP/2 side fit into the allocator's classes of so many bytes:
// there may be a million idle ones.
func TestSizeOfAConnection(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the sizes are those of 64 bits")
	}
	for name, size := range map[string][2]uintptr{
		"Conn": {unsafe.Sizeof(Conn{}), 176}, "h2": {unsafe.Sizeof(h2{}), 256},
		"recordConn": {unsafe.Sizeof(recordConn{}), 32}, "part of a Set": {unsafe.Sizeof(part{}), 128},
	} {
		if size[0] > size[1] {
			t.Errorf("a %s has %d bytes, want at most %d", name, size[0], size[1])
		}
	}
}
