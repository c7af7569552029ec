package hpack

import "encoding/binary"

// codeLengths has the length of the code of each octet, in bits, from the
// Huffman code of RFC 7541 appendix B. That code is canonical: the shorter
// codes come first, and those of one length are in the order of their octets.
// So the lengths determine the codes. The last code, thirty ones, is the end of string.
var codeLengths = [256]uint8{
	13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
	28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
	6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
	5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
	13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
	15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
	6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
	20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
	24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
	22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
	21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
	26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
	19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
	20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
	26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
}

const (
	shortest, longest = 5, 30 // codes, in bits
	noCode            = 64    // the bits of what is no octet's code: more than there can be
)

// A code is an octet and how many bits stand for it.
type code struct{ octet, bits uint8 }

// A group is the codes of one length, which are consecutive numbers.
type group struct {
	end    uint32 // the first code that is beyond, at the high end of 32 bits
	first  uint32 // the first code, as a number
	octets []byte // for which they stand
	bits   uint8
}

// byOctet has, for each value of the next eight bits, the code with which they begin, if
// that has no more than eight bits. byLength has all codes.
var byOctet, byLength = codes()

func codes() (short [256]code, long []group) {
	next := uint32(0)
	for bits := uint8(shortest); bits <= longest; bits++ {
		next <<= 1
		g := group{first: next, bits: bits}
		for octet, length := range codeLengths {
			if length == bits {
				g.octets = append(g.octets, byte(octet))
			}
		}
		for _, octet := range g.octets {
			for i := uint32(0); bits <= 8 && i < 1<<(8-bits); i++ {
				short[next<<(8-bits)|i] = code{octet, bits}
			}
			next++
		}
		if g.end = next << (32 - bits); len(g.octets) > 0 && bits > 8 {
			long = append(long, g)
		}
	}
	return short, long
}

// firstCode returns the code with which the bits begin, from the highest down.
func firstCode(bits uint64) code {
	if c := byOctet[bits>>56]; c.bits != 0 {
		return c
	}
	return firstLongCode(uint32(bits >> 32))
}

func firstLongCode(bits uint32) code {
	for _, g := range byLength {
		if bits < g.end {
			return code{g.octets[bits>>(32-g.bits)-g.first], g.bits}
		}
	}
	return code{bits: noCode}
}

// decodeHuffman decodes from (RFC 7541 section 5.2), writes as much of the result to to as
// there is room for, and returns the length of the whole result. After the last code there
// must be fewer than eight bits, all of them ones.
func decodeHuffman(to, from []byte) (n int, err error) {
	var bits uint64 // those that are read and not decoded, at the high end
	var have uint   // how many they are
	for {
		bits, have, from = refill(bits, have, from)
		least := uint(longest) // that the next code is surely whole
		if len(from) == 0 {
			least = 0
		}
		for have >= least {
			c := firstCode(bits)
			if uint(c.bits) > have {
				return n, checkPadding(bits, have)
			}
			if n < len(to) {
				to[n] = c.octet
			}
			n++
			bits <<= c.bits & 63
			have -= uint(c.bits)
		}
	}
}

// refill adds octets to the bits, until they are 57 at least or none is left.
func refill(bits uint64, have uint, from []byte) (uint64, uint, []byte) {
	if len(from) >= 8 {
		octets := (64 - have) / 8
		return bits | binary.BigEndian.Uint64(from)>>have, have + 8*octets, from[octets:]
	}
	for have <= 56 && len(from) > 0 {
		bits |= uint64(from[0]) << (56 - have)
		have += 8
		from = from[1:]
	}
	return bits, have, from
}

func checkPadding(bits uint64, have uint) error {
	if have >= 8 || bits != ^(^uint64(0)>>have) {
		return ErrHuffman
	}
	return nil
}
