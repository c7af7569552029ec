package object

import "github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"

// Packed is an Object in a tenth of the memory. Its fields can be read after Object only.
type Packed struct {
	Name, Namespace string
	Line            int // where it begins
	kind            *kind
	file            *File
	tree            document.Packed
}

// kind is what many objects have in common.
type kind struct{ group, name string }

// Packer packs objects that are in memory at the same time. The zero value is ready.
type Packer struct {
	words document.Words
	kinds map[kind]*kind
}

// Pack packs o, which is not needed any more.
func (p *Packer) Pack(o *Object) *Packed {
	k := kind{o.Group, o.Kind}
	if p.kinds[k] == nil {
		if p.kinds == nil {
			p.kinds = map[kind]*kind{}
		}
		p.kinds[k] = &k
	}
	return &Packed{o.Name, o.Namespace, o.Pos().Line, p.kinds[k], o.file, document.Pack(o.node, &p.words)}
}

// Object is the object that was packed: another one with each call.
func (p *Packed) Object() *Object {
	return &Object{Value{file: p.file, node: p.tree.Tree()}, p.kind.group, p.kind.name, p.Name, p.Namespace}
}

// File is the file that has the object.
func (p *Packed) File() *File { return p.file }

// Kind is the kind of the object, and its API group: "" is the core group.
func (p *Packed) Kind() (group, name string) { return p.kind.group, p.kind.name }
