package manifest

import (
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// Place is a value within an object of Kubernetes, or the object itself, which has no Key.
type Place struct {
	document.Field
	Of     *Type  // of what has fields; nil for any other
	Item   int    // which item of the list of this Key it is, counted from 0; -1: it is none
	Around *Place // nil for the object itself
}

// Whole is the place of an object.
func Whole(n *document.Node, of *Type) *Place {
	return &Place{Field: document.Field{Value: n}, Of: of, Item: -1}
}

// Below is the place of a field of p.
func (p *Place) Below(f document.Field) *Place { return &Place{Field: f, Item: -1, Around: p} }

// Outside is the nearest object around p that has a field of that name; nil if none has.
func (p *Place) Outside(name string) *Place {
	for outer := p.Around; outer != nil; outer = outer.Around {
		if _, has := (*outer.Of)[name]; has {
			return outer
		}
	}
	return nil
}

// Checker gets what there is in an object: for what is wrong it has its own words.
type Checker interface {
	Unknown(*Place)              // Kubernetes has no field of that name there
	Kind(at *Place, want string) // the value is another one than "fields" or "a list"
	Scalar(at *Place, want string)
}

// Check compares the values in p with its type.
func (p *Place) Check(c Checker) {
	for _, f := range document.Fields(document.Deref(p.Value)) {
		at := p.Below(f)
		switch want, known := (*p.Of)[f.Key.Value]; {
		case strings.HasPrefix(f.Key.Value, "$"): // a directive of kustomize: $patch
		case !known:
			c.Unknown(at)
		case absent(f.Value):
		case want.List:
			at.checkItems(want, c)
		default:
			at.check(want, c)
		}
	}
}

func (p *Place) checkItems(want Field, c Checker) {
	list := document.Deref(p.Value)
	if list.Kind != document.SequenceNode {
		c.Kind(p, "a list")
		return
	}
	for i, item := range list.Content {
		if !absent(item) {
			at := p.Around.Below(document.Field{Key: p.Key, Value: item})
			at.Item = i
			at.check(want, c)
		}
	}
}

// check compares a value that is no list.
func (p *Place) check(want Field, c Checker) {
	isMapping := document.Deref(p.Value).Kind == document.MappingNode
	switch {
	case want.Of == nil && want.Scalar != "map":
		c.Scalar(p, want.Scalar)
	case !isMapping:
		c.Kind(p, "fields")
	case want.Of != nil:
		p.Of = want.Of
		p.Check(c)
	default:
		for _, f := range document.Fields(document.Deref(p.Value)) {
			if !absent(f.Value) {
				c.Scalar(p.Below(f), "string")
			}
		}
	}
}

func absent(n *document.Node) bool { return n.ShortTag() == "!!null" }
