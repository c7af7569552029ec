package hpack

import (
	"bytes"
	"errors"
	"math"
	"testing"
)

// RFC 7541 appendix C.1, and what is at the edges.
func TestInteger(t *testing.T) {
	for _, test := range []struct {
		octets []byte
		bits   uint
		want   uint64
	}{
		{[]byte{0x0a}, 5, 10},
		{[]byte{0xea}, 5, 10},
		{[]byte{0x1f, 0x9a, 0x0a}, 5, 1337},
		{[]byte{0x2a}, 8, 42},
		{[]byte{0x7e}, 7, 126},
		{[]byte{0x7f, 0x00}, 7, 127},
		{[]byte{0xff, 0x80, 0x00}, 7, 127},
		{appendInteger(nil, 0, 4, math.MaxUint32), 4, math.MaxUint32},
		{appendInteger(nil, 0, 7, 1<<62), 7, 1 << 62},
	} {
		in := input(append(test.octets, 0xaa))
		got, err := in.integer(test.bits)
		if err != nil || got != test.want || !bytes.Equal(in, []byte{0xaa}) {
			t.Errorf("% x: %d, %v, then % x; want %d", test.octets, got, err, []byte(in), test.want)
		}
	}
}

func TestIntegerRefuses(t *testing.T) {
	for what, test := range map[string]struct {
		octets []byte
		want   error
	}{
		"nothing":                         {nil, ErrTruncated},
		"no octet after the first":        {[]byte{0x1f}, ErrTruncated},
		"the last octet is missing":       {[]byte{0x1f, 0x80, 0x80}, ErrTruncated},
		"nine octets, and no end":         {append([]byte{0x1f}, bytes.Repeat([]byte{0x80}, 9)...), ErrTruncated},
		"ten octets":                      {append([]byte{0x1f}, bytes.Repeat([]byte{0xff}, 10)...), ErrInteger},
		"more zeros than anybody needs":   {append(append([]byte{0x1f}, bytes.Repeat([]byte{0x80}, 9)...), 0), ErrInteger},
		"a number beyond sixty-four bits": {append(append([]byte{0x1f}, bytes.Repeat([]byte{0xff}, 9)...), 0x7f), ErrInteger},
	} {
		in := input(test.octets)
		if n, err := in.integer(5); !errors.Is(err, test.want) {
			t.Errorf("%s: %d, %v; want %v", what, n, err, test.want)
		}
	}
}

func TestTextRefuses(t *testing.T) {
	for _, octets := range [][]byte{
		nil, {0x01}, {0x83, 0xff, 0xff}, {0x7f, 0x80}, {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x2f},
	} {
		in := input(octets)
		if got, err := in.text(); !errors.Is(err, ErrTruncated) {
			t.Errorf("% x: % x, %v", octets, got.octets, err)
		}
	}
}
