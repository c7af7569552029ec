package hpack

// An input is the part of a header block that is not read yet.
type input []byte

// integer reads an integer (RFC 7541 section 5.1) that begins in the last bits of the
// first octet. Section 5.1 lets the reader limit the length of an integer: here nine
// octets may follow the first, as in golang.org/x/net.
func (in *input) integer(bits uint) (uint64, error) {
	b := *in
	if len(b) == 0 {
		return 0, ErrTruncated
	}
	limit := byte(1<<bits - 1)
	if first := b[0] & limit; first < limit {
		*in = b[1:]
		return uint64(first), nil
	}
	return in.longInteger(uint64(limit))
}

func (in *input) longInteger(n uint64) (uint64, error) {
	for i, octet := range (*in)[1:] {
		if i == 9 {
			return 0, ErrInteger
		}
		n += uint64(octet&0x7f) << (7 * i)
		if octet < 0x80 {
			*in = (*in)[i+2:]
			return n, nil
		}
	}
	return 0, ErrTruncated
}

// text reads a string literal (RFC 7541 section 5.2), and does not decode it.
func (in *input) text() (text, error) {
	huffman := len(*in) > 0 && (*in)[0] >= 0x80
	length, err := in.integer(7)
	if err != nil {
		return text{}, err
	}
	if length > uint64(len(*in)) {
		return text{}, ErrTruncated
	}
	t := text{(*in)[:length], huffman}
	*in = (*in)[length:]
	return t, nil
}
