package hpack

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// codeBits are the codes of all octets, made from their lengths as a canonical
// code is: each is the one before plus one, made longer with zeros.
var codeBits = func() (all [256]string) {
	next := uint64(0)
	for bits := 1; bits <= longest; bits++ {
		for octet, length := range codeLengths {
			if int(length) == bits {
				all[octet] = fmt.Sprintf("%0*b", bits, next)
				next++
			}
		}
		next *= 2
	}
	return all
}()

// Some rows of RFC 7541 appendix B, of every length, as they are printed there.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	for octet, want := range map[byte]string{
		'0': "00000", 't': "01001", ' ': "010100", 'u': "101101", ':': "1011100", 'z': "1111011",
		'&': "11111000", 'Z': "11111101", '!': "1111111000", '?': "1111111100", '\'': "11111111010",
		'|': "11111111100", '#': "111111111010", '>': "111111111011", 0: "1111111111000", '~': "1111111111101",
		'^': "11111111111100", '}': "11111111111101", '<': "111111111111100", '{': "111111111111110",
		'\\': "1111111111111110000", 208: "1111111111111110010", 128: "11111111111111100110",
		226: "11111111111111101101", 230: "111111111111111101000", 153: "111111111111111011100",
		129: "1111111111111111010010", 1: "11111111111111111011000", 9: "111111111111111111101010",
		199: "1111111111111111111101100", 192: "11111111111111111111100000", 203: "111111111111111111111011110",
		2: "1111111111111111111111100010", 249: "1111111111111111111111111110", 10: "111111111111111111111111111100",
		22: "111111111111111111111111111110",
	} {
		if codeBits[octet] != want {
			t.Errorf("octet %d: %s, want %s", octet, codeBits[octet], want)
		}
	}
	if last := codeBits[22]; strings.Count(last, "1") != longest-1 || len(last) != longest {
		t.Errorf("the last code is %s, want room for thirty ones alone, the end of string", last)
	}
}

func TestHuffmanReadsWhatWasWritten(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, want := range []string{
		"", "/", "/grpc.health.v1.Health/Watch", "www.example.com", string(every), strings.Repeat("\n\x16", 50),
	} {
		in := input(appendHuffman(nil, want))
		written, err := in.text()
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(want)+1)
		n, err := written.decode(got)
		if err != nil || string(got[:n]) != want {
			t.Errorf("%q, %v; want %q", got[:n], err, want)
		}
		if n, err := written.length(); n != len(want) || err != nil {
			t.Errorf("%q: length %d, %v", want, n, err)
		}
	}
}

func TestHuffmanWritesNoFurtherThanThereIsRoom(t *testing.T) {
	in := input(appendHuffman(nil, "abcdef"))
	written, _ := in.text()
	got := []byte("------")
	if n, err := written.decode(got[:3]); n != 6 || err != nil || string(got) != "abc---" {
		t.Errorf("%d octets, %v: %q", n, err, got)
	}
}

// RFC 7541 section 5.2: padding longer than seven bits, padding that is not
// the beginning of the end of string, and the end of string itself are errors.
func TestHuffmanRefuses(t *testing.T) {
	for what, bits := range map[string]string{
		"eight bits of padding":        "11111111",
		"a, and eleven bits":           "0001111111111111",
		"zeros for padding":            codeBits['a'] + "000",
		"padding with one zero":        codeBits['a'] + "110",
		"a code cut short":             codeBits[10][:24],
		"the end of string":            strings.Repeat("1", 32),
		"the end of string in between": codeBits['a'] + strings.Repeat("1", 30) + codeBits['a'],
	} {
		octets := make([]byte, len(bits)/8)
		for i := range octets {
			fmt.Sscanf(bits[8*i:8*i+8], "%b", &octets[i])
		}
		if n, err := decodeHuffman(nil, octets); !errors.Is(err, ErrHuffman) {
			t.Errorf("%s: %d octets, %v", what, n, err)
		}
	}
}
