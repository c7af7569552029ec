// Package conformance has the tests of the library against implementations
// of other people: a module of its own, so that the library requires nothing.
package conformance

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	xhpack "golang.org/x/net/http2/hpack"

	"github.com/lameduck-dev/lameduck/internal/hpack"
)

// FuzzHPACK reads what golang.org/x/net encodes: lists of headers on one
// connection, with a table that changes its size and fields that must not be
// in it. The path is the one that was written.
func FuzzHPACK(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(noise(seed, 4096))
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		var block bytes.Buffer
		encoder := xhpack.NewEncoder(&block)
		var reader hpack.Reader
		chosen := script(choices)
		for n := 1; len(chosen) > 0; n++ {
			block.Reset()
			chosen.resize(encoder, &reader)
			fields := chosen.fields()
			for _, field := range fields {
				if err := encoder.WriteField(field); err != nil {
					t.Fatal(err)
				}
			}
			head, err := reader.Block(block.Bytes())
			if want := headOf(fields); err != nil || head != want {
				t.Fatalf("block %d: %+v, %v; want %+v\n% x\n%v", n, head, err, want, block.Bytes(), fields)
			}
		}
	})
}

// FuzzHPACKBytes reads what no encoder wrote, beside x/net's decoder: what that
// one accepts is accepted, with the same path, for so a Go server has read it.
func FuzzHPACKBytes(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(noise(seed, 512))
	}
	f.Add([]byte("\x01\x82\x0b\x44\x09/a.B/Check\x02\xbe\x84\x03\x40\x00\x00\x04\x3f\xe1\x1f\xbe"))
	f.Fuzz(func(t *testing.T, data []byte) {
		decoder := xhpack.NewDecoder(4096, nil)
		var reader hpack.Reader
		for chosen := script(data); len(chosen) > 0; {
			block := chosen.bytes(int(chosen.next()))
			fields, theirs := decoder.DecodeFull(block)
			head, ours := reader.Block(block)
			// x/net lets the table be resized in the middle of a block if it is
			// empty, which RFC 7541 section 4.2 does not; and it never resizes
			// twice, which it does. It decodes values that are not asked for, too.
			if theirs != nil || errors.Is(ours, hpack.ErrLateUpdate) {
				return
			}
			if want := headOf(fields); ours != nil || head != want {
				t.Fatalf("% x: %+v, %v; want %+v", block, head, ours, want)
			}
		}
	})
}

// headOf is what a Reader is to find.
func headOf(fields []xhpack.HeaderField) (head hpack.Head) {
	for _, field := range fields {
		switch field.Name {
		case ":path":
			head.Path = field.Value
		case "user-agent":
			head.Probe = strings.HasPrefix(field.Value, "kube-probe/")
		}
	}
	return head
}

func noise(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, seed))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// A script makes choices of the bytes that a fuzzer makes up; at its end all
// are 0.
type script []byte

func (s *script) next() byte {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return b
}

func (s *script) bytes(n int) []byte {
	n = min(n, len(*s))
	b := (*s)[:n]
	*s = (*s)[n:]
	return b
}

// resize changes the size of the table, or how large it may be, at times: also
// to nothing, and more than once between two blocks.
func (s *script) resize(encoder *xhpack.Encoder, reader *hpack.Reader) {
	for s.next()%4 == 0 && len(*s) > 0 {
		size := uint32(s.next()) << (s.next() % 8)
		if s.next()%4 == 0 {
			encoder.SetMaxDynamicTableSizeLimit(size)
			reader.Allow(size)
			continue
		}
		encoder.SetMaxDynamicTableSize(size) // at most the limit
	}
}

func (s *script) fields() (fields []xhpack.HeaderField) {
	for range s.next() % 12 {
		name := s.name()
		fields = append(fields, xhpack.HeaderField{Name: name, Value: s.value(name), Sensitive: s.next()%8 == 0})
	}
	return fields
}

func (s *script) name() string {
	names := []string{
		":path", ":path", ":path", "user-agent", "user-agent", ":method", ":scheme", ":authority", "content-type", "te",
		"grpc-timeout", "traceparent", "authorization", "www-authenticate", "", "Path", ":paths", strings.Repeat("long-name-", 30),
	}
	if i := int(s.next()) % (len(names) + 2); i < len(names) {
		return names[i]
	}
	return string(s.bytes(int(s.next() % 16)))
}

func (s *script) value(name string) string {
	switch choice := s.next(); {
	case choice < 16: // of a length at which integers become longer, or that no table holds
		return strings.Repeat(string(s.bytes(1)), []int{126, 127, 128, 254, 255, 256, 383, 5000}[choice%8])
	case choice < 48:
		return string(s.bytes(int(s.next())))
	case name == ":path":
		return []string{"/", "/index.html", "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch", "/shop.v1.Orders/List", ""}[choice%6]
	case name == "user-agent":
		return []string{"kube-probe/1.34", "kube-probe/1.34 grpc-go/1.79.0", "kube-probe", "grpc-go/1.79.0"}[choice%4]
	default:
		return []string{"GET", "POST", "https", "trailers", "application/grpc", "100m", "gzip, deflate"}[choice%7]
	}
}
