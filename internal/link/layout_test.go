package link

import (
	"testing"
	"unsafe"
)

// TestConnectionsShareNoCacheLine: between the fields that a request needs of a connection
// and those of the next one in memory is room for a cache line of 64 bytes.
func TestConnectionsShareNoCacheLine(t *testing.T) {
	var c Conn
	first, last := unsafe.Offsetof(c.http1)+unsafe.Offsetof(c.base)+unsafe.Offsetof(c.base.Conn), unsafe.Offsetof(c.h2)+unsafe.Sizeof(c.h2)
	if apart := unsafe.Sizeof(c) - (last - first); apart < 64 {
		t.Errorf("%d bytes of %d are needed for each request, so the next connection's begin %d behind them", last-first, unsafe.Sizeof(c), apart)
	}
}
