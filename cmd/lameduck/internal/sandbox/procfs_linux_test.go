package sandbox

import (
	"slices"
	"strings"
	"testing"
)

func TestParseListening(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 0700F40A:0050 0700F40A:9C40 01 00000000:00000000 00:00000000 00000000     0        0 3 1
   3: 00000000000000000000000000000000:2382 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 4 1
   4: 00000000000000000000000001000000:2383 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 5 1
   5: 0000000000000000FFFF00000700F40A:2384 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 6 1
   6: nonsense:2385 x 0A 0:0 0:0 0 0 0 7 1
   7: 0000:2386 x 0A 0:0 0:0 0 0 0 8 1
   8: 0100007F:1F90 x 0A cut short
`
	want := []string{"127.0.0.1:8080 1", "0.0.0.0:80 2", "[::]:9090 4", "[::1]:9091 5", "10.244.0.7:9092 6"}
	got := parseListening(strings.NewReader(table))
	if !slices.EqualFunc(got, want, func(a listener, b string) bool { return a.addr.String()+" "+a.inode == b }) {
		t.Errorf("got %v, want %v", got, want)
	}
}
