package hpack

import "errors"

// Why a block cannot be read. Each is one of the decoding errors of RFC 7541,
// and for the peer a connection error of type COMPRESSION_ERROR.
var (
	ErrTruncated  = errors.New("hpack: the header block ends within a field")
	ErrInteger    = errors.New("hpack: an integer is too long")
	ErrIndex      = errors.New("hpack: an index is in neither table")
	ErrHuffman    = errors.New("hpack: a string is not valid Huffman code")
	ErrTableSize  = errors.New("hpack: the dynamic table is made larger than allowed")
	ErrLateUpdate = errors.New("hpack: the dynamic table is resized in the middle of a block")
)
