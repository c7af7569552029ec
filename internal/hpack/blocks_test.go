package hpack

import (
	"encoding/hex"
	"strings"
	"testing"
)

// The first octets of a field (RFC 7541 section 6), without an index.
const (
	isIndexed = 0x80
	inserted  = 0x40
	update    = 0x20
	never     = 0x10
	omitted   = 0x00
)

// fromHex is a block as the examples of RFC 7541 print it.
func fromHex(t testing.TB, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// appendInteger writes by the pseudocode of section 5.1.
func appendInteger(b []byte, first byte, bits uint, n uint64) []byte {
	limit := uint64(1)<<bits - 1
	if n < limit {
		return append(b, first|byte(n))
	}
	b = append(b, first|byte(limit))
	for n -= limit; n >= 128; n /= 128 {
		b = append(b, byte(n%128)|0x80)
	}
	return append(b, byte(n))
}

func appendText(b []byte, s string) []byte {
	return append(appendInteger(b, 0, 7, uint64(len(s))), s...)
}

// appendHuffman writes a string in the code of appendix B, bit by bit.
func appendHuffman(b []byte, s string) []byte {
	var bits strings.Builder
	for i := range len(s) {
		bits.WriteString(codeBits[s[i]])
	}
	for bits.Len()%8 != 0 {
		bits.WriteByte('1')
	}
	b = appendInteger(b, 0x80, 7, uint64(bits.Len()/8))
	for all := bits.String(); all != ""; all = all[8:] {
		octet := byte(0)
		for _, bit := range []byte(all[:8]) {
			octet = octet<<1 | bit&1
		}
		b = append(b, octet)
	}
	return b
}

// literal is a field with its name in full, in a representation.
func literal(representation byte, name, value string) []byte {
	return appendText(appendText([]byte{representation}, name), value)
}

// named is a field with an index for its name.
func named(representation byte, bits uint, index uint64, value string) []byte {
	return appendText(appendInteger(nil, representation, bits, index), value)
}

func indexed(index uint64) []byte { return appendInteger(nil, isIndexed, 7, index) }

func resized(octets uint64) []byte { return appendInteger(nil, update, 5, octets) }
