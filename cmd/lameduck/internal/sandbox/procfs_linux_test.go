package sandbox

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestParseListening(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 0700F40A:0050 0700F40A:9C40 01 00000000:00000000 00:00000000 00000000     0        0 3 1
   3: 00000000000000000000000000000000:2382 00000000000000000000000000000000:0000 0A
   4: 00000000000000000000000001000000:2383 00000000000000000000000000000000:0000 0A
   5: 0000000000000000FFFF00000700F40A:2384 00000000000000000000000000000000:0000 0A
   6: nonsense:2385 x 0A
   7: 0000:2386 x 0A
`
	want := []string{"127.0.0.1:8080", "0.0.0.0:80", "[::]:9090", "[::1]:9091", "10.244.0.7:9092"}
	got := parseListening(strings.NewReader(table))
	if !slices.EqualFunc(got, want, func(a netip.AddrPort, b string) bool { return a.String() == b }) {
		t.Errorf("got %v, want %v", got, want)
	}
}
