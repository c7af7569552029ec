// Package conformance has the tests of the library against implementations
// of other people: a module of its own, so that the library requires nothing.
package conformance

import (
	"bytes"
	"testing"

	"golang.org/x/net/http2/hpack"
)

// What the encoder writes with a table of another size is read back by its
// own decoder: the ground that the other tests of this file stand on.
func TestEncoderAgreesWithItself(t *testing.T) {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	want := hpack.HeaderField{Name: ":path", Value: "/grpc.health.v1.Health/Check"}
	dec := hpack.NewDecoder(4096, nil)
	for _, size := range []uint32{4096, 0, 64, 4096} {
		block.Reset()
		enc.SetMaxDynamicTableSize(size)
		if err := enc.WriteField(want); err != nil {
			t.Fatal(err)
		}
		got, err := dec.DecodeFull(block.Bytes())
		if err != nil || len(got) != 1 || got[0] != want {
			t.Fatalf("table of %d octets: %v, %v; want %v", size, got, err, want)
		}
	}
}
