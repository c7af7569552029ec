package wire

import "slices"

// few is up to how many entries a List is searched one by one. It needs no memory but
// that of its entries then.
const few = 64

// A List holds what is open on one connection, by key, each key once: mostly a few
// streams or requests, sometimes ten thousand. The zero value is empty.
type List[K comparable, V any] struct {
	Entries []Entry[K, V] // in no order
	at      map[K]int     // the index of each in Entries; nil while they are few
}

// An Entry is a value with its key.
type Entry[K comparable, V any] struct {
	Key   K
	Value V
}

// Add adds a value. Its key must not be in the List.
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

// Find returns the value of key, nil if there is none. The pointer is valid until the
// next Add or Remove.
func (l *List[K, V]) Find(key K) *V {
	if i := l.find(key); i >= 0 {
		return &l.Entries[i].Value
	}
	return nil
}

// find searches the newest first: mostly it is the first to end.
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
		l.at, l.Entries = nil, slices.Clone(l.Entries) // frees the memory that many entries have needed
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
