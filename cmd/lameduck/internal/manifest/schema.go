package manifest

import (
	_ "embed"
	"strings"
	"sync"
)

// fieldsText has a line for each type of Kubernetes: its name, and the fields
// of its objects, each with a type of its own where that is an object or a
// list of them. A test makes it from k8s.io/api.
//
//go:embed fields.txt
var fieldsText string

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
