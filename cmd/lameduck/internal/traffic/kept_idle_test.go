package traffic

import "testing"

// A stall opens more connections. When it is over the new ones are closed: were
// it the old ones, no connection would stay with a pod until its exit.
func TestExcessIsTheYoungest(t *testing.T) {
	k := &kept{connections: 2, live: 4}
	for _, step := range []struct{ id, excess uint64 }{{5, 0}, {9, 0}, {3, 9}, {7, 7}, {1, 5}} {
		var got uint64
		if c := k.putIdle(&conn{id: step.id}); c != nil {
			got = c.id
		}
		if got != step.excess {
			t.Errorf("with %d idle besides, %d is closed, want %d", step.id, got, step.excess)
		}
	}
}

// The connections that are kept take turns; an additional one is used only when
// all of them are busy.
func TestAdditionalConnectionsComeLast(t *testing.T) {
	k := &kept{connections: 2, live: 3, idle: []*conn{{id: 3, extra: true}, {id: 2}, {id: 1}}}
	for _, want := range []uint64{2, 1, 3} {
		c, extra := k.take()
		if c == nil || c.id != want || extra != (want == 3) {
			t.Fatalf("took %+v, want %d", c, want)
		}
	}
	if c, extra := k.take(); c != nil || !extra {
		t.Errorf("took %+v when none was idle, want a new one besides", c)
	}
}
