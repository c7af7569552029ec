package hpack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// costs is what a kind of client sends once, and then again and again.
var costs = []struct {
	name  string
	first []byte
	then  [][]byte
}{
	{"indexed", grpcFirst(), [][]byte{{0x83, 0x86, 0xc1, 0xc0, 0xbf, 0xbe, 0xbd, 0x8f}}},
	{"traced", grpcFirst(), traced()},
	{"node", named(inserted, 6, 58, "grpc-node-js/1.14.1"), [][]byte{
		slices.Concat(indexed(3), indexed(6), appendHuffman([]byte{0x04}, "/shop.v1.Orders/List"), indexed(62)),
		slices.Concat(indexed(3), indexed(6), appendHuffman([]byte{0x04}, "/shop.v1.Orders/Get"), indexed(62)),
	}},
	{"plain", nil, [][]byte{slices.Concat(indexed(3), indexed(6), named(omitted, 4, 4, "/shop.v1.Orders/List"))}},
	{"token", nil, [][]byte{appendHuffman([]byte{0x1f, 23 - 15}, "Bearer "+strings.Repeat("eyJhbGciOiJFUzI1NiJ9.", 40))}},
}

// grpcFirst is the first request of grpc-go: all is inserted.
func grpcFirst() []byte {
	return slices.Concat(indexed(3), indexed(6), appendHuffman([]byte{0x44}, "/shop.v1.Orders/List"),
		appendHuffman([]byte{0x41}, "orders.shop.svc:8080"), appendHuffman([]byte{0x5f}, "application/grpc"),
		appendHuffman([]byte{0x7a}, "grpc-go/1.79.0"), appendHuffman(appendHuffman([]byte{0x40}, "te"), "trailers"))
}

// traced inserts a header of its own with each request, so that the table
// turns over, as with OpenTelemetry.
func traced() (blocks [][]byte) {
	for i := range 64 {
		trace := fmt.Sprintf("00-%032x-%016x-01", i*7919, i*104729)
		blocks = append(blocks, slices.Concat([]byte{0x83, 0x86}, appendHuffman([]byte{0x44}, "/shop.v1.Orders/List"),
			appendHuffman(appendHuffman([]byte{0x40}, "traceparent"), trace)))
	}
	return blocks
}

// Once a Reader has seen what a client sends, it allocates nothing for it.
func TestNothingIsAllocated(t *testing.T) {
	for _, cost := range costs {
		var r Reader
		read := func(block []byte) {
			if _, err := r.Block(block); err != nil {
				t.Fatalf("%s: %v", cost.name, err)
			}
		}
		read(cost.first)
		i := 0
		next := func() { read(cost.then[i%len(cost.then)]); i++ }
		for range 2 * len(cost.then) {
			next()
		}
		if n := testing.AllocsPerRun(1000, next); n != 0 {
			t.Errorf("%s: %v allocations a block", cost.name, n)
		}
	}
}

func BenchmarkBlock(b *testing.B) {
	for _, cost := range costs {
		b.Run(cost.name, func(b *testing.B) {
			var r Reader
			r.Block(cost.first)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := r.Block(cost.then[i%len(cost.then)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
