package hpack

// entryOverhead is what an entry counts besides its name and its value, in
// octets (RFC 7541 section 4.1).
const entryOverhead = 32

// An entry is what the Reader keeps of a header field in a table.
type entry struct {
	value string // of a path; of a user-agent kubeProbe if it begins so
	size  uint32 // as section 4.1 counts it
	name  name
}

// kubeProbe is how the user-agent of the kubelet's probes begins, HTTP and
// gRPC alike.
const kubeProbe = "kube-probe/"

// A name is the length of a field's name, by which a later literal that refers
// to it is counted. The two names that matter have a mark besides.
type name uint32

const (
	lengthMask      = 1<<30 - 1
	path       name = 1<<30 | name(len(":path"))
	agent      name = 2<<30 | name(len("user-agent"))
)

func (n name) length() uint64 { return uint64(n & lengthMask) }

// A table is the dynamic table (RFC 7541 section 2.3.2).
type table struct {
	ring  []entry // as many as a power of two, or none
	first uint32  // where the oldest is; the others follow
	count uint32
	size  uint32 // of all entries, at most max
	max   uint32
}

// at returns the entry of the table that has so many newer ones.
func (t *table) at(newer uint32) entry {
	return t.ring[(t.first+t.count-1-newer)&uint32(len(t.ring)-1)]
}

// add inserts an entry that has that size. An entry that is larger than the table empties
// the table and is not inserted, which is no error (RFC 7541 section 4.4).
func (t *table) add(e entry, size uint64) {
	if size > uint64(t.max) {
		t.evict(0)
		return
	}
	e.size = uint32(size)
	t.evict(t.max - e.size)
	if int(t.count) == len(t.ring) {
		t.grow()
	}
	t.ring[(t.first+t.count)&uint32(len(t.ring)-1)] = e
	t.count++
	t.size += e.size
}

// resize sets the size that the entries may have together (section 4.3).
func (t *table) resize(limit uint32) {
	t.max = limit
	t.evict(limit)
}

// evict removes the oldest entries until the size of the rest is limit at most.
func (t *table) evict(limit uint32) {
	for t.size > limit {
		oldest := &t.ring[t.first]
		t.size -= oldest.size
		*oldest = entry{}
		t.first = (t.first + 1) & uint32(len(t.ring)-1)
		t.count--
	}
}

func (t *table) grow() {
	ring := make([]entry, max(8, 2*len(t.ring)))
	n := copy(ring, t.ring[t.first:])
	copy(ring[n:], t.ring[:t.first])
	t.ring, t.first = ring, 0
}
