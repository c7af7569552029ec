package wire

import "encoding/binary"

// maxStream is a last stream id that refuses no stream: the client learns
// that it should leave, and what it has on the wire is still served.
const maxStream = 1<<31 - 1

// pingData marks our PING, whose answer shows that the client has read what
// came before it.
const pingData = "lameduck"

// Goodbye is the first phase of a graceful end (RFC 9113, section 6.8): a
// GOAWAY that refuses nothing. The PING behind it makes the client answer.
func Goodbye() []byte {
	b := goAway(maxStream)
	b = append(b, 0, 0, 8, framePing, 0, 0, 0, 0, 0)
	return append(b, pingData...)
}

// LastGoodbye is the second phase: it names the last stream that was served.
func LastGoodbye(last uint32) []byte { return goAway(last) }

func goAway(last uint32) []byte {
	b := make([]byte, headSize+8, 2*(headSize+8))
	b[2], b[3] = 8, frameGoAway
	binary.BigEndian.PutUint32(b[headSize:], last)
	return b // the error code is NO_ERROR
}
