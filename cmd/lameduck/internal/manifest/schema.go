package manifest

import (
	"strings"
	"sync"
)

// objectType is the fields of one type; the value of a field is its type, nil
// if it is none of objects.
type objectType map[string]*objectType

// kubernetes are the types by their name: a kind, or one that its fields have.
var kubernetes = sync.OnceValue(func() map[string]*objectType {
	types := map[string]*objectType{}
	named := func(name string) *objectType {
		if types[name] == nil {
			types[name] = &objectType{}
		}
		return types[name]
	}
	for line := range strings.Lines(fieldsText) {
		words := strings.Fields(line)
		for _, word := range words[1:] {
			field, of, isObject := strings.Cut(word, ":")
			(*named(words[0]))[field] = nil
			if isObject {
				(*named(words[0]))[field] = named(of)
			}
		}
	}
	return types
})
