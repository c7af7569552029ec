package wire

import "slices"

// few is up to how many a List looks at one after the other. It needs no memory
// but that of its entries then.
const few = 64

// A List holds what is open on one connection, by its key, each key once: mostly
// little, sometimes ten thousand streams. The zero value is empty.
type List[K comparable, V any] struct {
	Entries []Entry[K, V] // in no order
	at      map[K]int     // where each is, if they are many
}

// An Entry is one of them.
type Entry[K comparable, V any] struct {
	Key   K
	Value V
}

// Add adds a value whose key is not there.
func (l *List[K, V]) Add(key K, value V) {
	l.Entries = append(l.Entries, Entry[K, V]{key, value})
	switch n := len(l.Entries); {
	case l.at != nil:
		l.at[key] = n - 1
	case n > few:
		l.index()
	}
}

func (l *List[K, V]) index() {
	l.at = make(map[K]int, len(l.Entries))
	for i, e := range l.Entries {
		l.at[e.Key] = i
	}
}

// Find returns the value, nil if there is none. It is valid until the next Add or
// Remove.
func (l *List[K, V]) Find(key K) *V {
	if i := l.find(key); i >= 0 {
		return &l.Entries[i].Value
	}
	return nil
}

// find looks for the newest first, which mostly ends first.
func (l *List[K, V]) find(key K) int {
	if l.at != nil {
		if i, ok := l.at[key]; ok {
			return i
		}
		return -1
	}
	for i, e := range slices.Backward(l.Entries) {
		if e.Key == key {
			return i
		}
	}
	return -1
}

// Remove removes a value, if it is there.
func (l *List[K, V]) Remove(key K) {
	i, last := l.find(key), len(l.Entries)-1
	if i < 0 {
		return
	}
	moved := l.Entries[last]
	l.Entries[i] = moved
	l.Entries[last] = Entry[K, V]{} // it may hold pointers
	l.Entries = l.Entries[:last]
	if l.at == nil {
		return
	}
	l.at[moved.Key] = i
	delete(l.at, key)
	if last <= few/2 {
		l.at, l.Entries = nil, slices.Clone(l.Entries) // what was needed for many is given back
	}
}

// RemoveFunc removes all values for which remove returns true.
func (l *List[K, V]) RemoveFunc(remove func(K, V) bool) {
	kept := l.Entries[:0]
	for _, e := range l.Entries {
		if !remove(e.Key, e.Value) {
			kept = append(kept, e)
		}
	}
	clear(l.Entries[len(kept):])
	l.Entries = kept
	if l.at != nil {
		l.index()
	}
}
