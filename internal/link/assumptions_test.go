package link

import "testing"

func TestCheck(t *testing.T) {
	if err := check(); err != nil {
		t.Error(err)
	}
}

func BenchmarkCheck(b *testing.B) {
	for b.Loop() {
		if err := check(); err != nil {
			b.Fatal(err)
		}
	}
}
