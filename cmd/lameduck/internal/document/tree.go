package document

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// Node is one value of a document. It has what is needed of a yaml.Node in a third of the
// memory, because all manifests that are judged together are in memory at the same time.
type Node struct {
	Kind         Kind
	Style        Style
	tag          uint8 // its place in tags
	Line, Column int32
	Value        string
	Content      []*Node
	rare         *rare // nil for almost all
}

// rare is what few nodes have.
type rare struct {
	anchor string
	alias  *Node
	tag    string // one that is not in tags
}

// Kind is what a node is.
type Kind uint8

// The kinds of nodes.
const (
	MappingNode Kind = iota + 1
	SequenceNode
	ScalarNode
	AliasNode
)

// kinds are the kinds of the YAML library.
var kinds = map[yaml.Kind]Kind{yaml.MappingNode: MappingNode, yaml.SequenceNode: SequenceNode, yaml.ScalarNode: ScalarNode, yaml.AliasNode: AliasNode}

// Style is how a node is written.
type Style uint8

// The styles, by the bits of the library.
const (
	TaggedStyle Style = 1 << iota
	DoubleQuotedStyle
	SingleQuotedStyle
	LiteralStyle
	FoldedStyle
	FlowStyle
)

// tags of almost all nodes; the first stands for any other.
var tags = []string{"", "!!str", "!!map", "!!seq", "!!int", "!!bool", "!!null", "!!float", "!!merge", "!!timestamp", "!!binary"}

// NewNode makes a node that is not in a text.
func NewNode(kind Kind, tag, value string) *Node {
	n := &Node{Kind: kind, Value: value}
	n.setTag(tag)
	return n
}

func (n *Node) setTag(tag string) {
	if i := slices.Index(tags, tag); i > 0 {
		n.tag = uint8(i)
		return
	}
	n.rare = &rare{tag: tag}
}

// ShortTag is the type of the value: !!str, !!int.
func (n *Node) ShortTag() string {
	if n.tag == 0 && n.rare != nil {
		return n.rare.tag
	}
	return tags[n.tag]
}

// Anchor is the name by which aliases refer to n; "" if it has none.
func (n *Node) Anchor() string {
	if n.rare == nil {
		return ""
	}
	return n.rare.anchor
}

// Alias is the node that n stands for, if n is an alias.
func (n *Node) Alias() *Node {
	if n.rare == nil {
		return nil
	}
	return n.rare.alias
}

// Load decodes n as the YAML library does.
func (n *Node) Load(into any) error { return n.written(map[*Node]*yaml.Node{}).Load(into) }

// written is n as a node of the YAML library.
func (n *Node) written(known map[*Node]*yaml.Node) *yaml.Node {
	if known[n] != nil {
		return known[n]
	}
	w := &yaml.Node{Style: yaml.Style(n.Style), Tag: n.ShortTag(), Value: n.Value, Anchor: n.Anchor(), Line: int(n.Line), Column: int(n.Column)}
	known[n] = w
	for kind, of := range kinds {
		if of == n.Kind {
			w.Kind = kind
		}
	}
	if n.Alias() != nil {
		w.Alias, w.Tag = n.Alias().written(known), ""
	}
	for _, child := range n.Content {
		w.Content = append(w.Content, child.written(known))
	}
	return w
}

// planter makes nodes from those of the YAML library, in one piece of memory for a document.
type planter struct {
	nodes   []Node
	part    Part // of the file, that the document is in
	anchors map[*yaml.Node]*Node
}

// plant makes the trees of a document in a part of a file.
func plant(roots []*yaml.Node, part Part) (planted []*Node) {
	p := &planter{part: part, anchors: map[*yaml.Node]*Node{}}
	total := 0
	for _, n := range roots {
		total += size(n)
	}
	p.nodes = make([]Node, total)
	for _, n := range roots {
		planted = append(planted, p.plant(n))
	}
	return planted
}

func size(n *yaml.Node) int {
	total := 1
	for _, child := range n.Content {
		total += size(child)
	}
	return total
}

func (p *planter) plant(from *yaml.Node) *Node {
	n := &p.nodes[0]
	p.nodes = p.nodes[1:]
	line, column := p.part.place(from.Line, from.Column)
	*n = Node{Kind: kinds[from.Kind], Style: Style(from.Style), Line: int32(line), Column: int32(column), Value: from.Value}
	n.setTag(from.ShortTag())
	if from.Anchor != "" || from.Alias != nil {
		n.rare = &rare{anchor: from.Anchor, alias: p.anchors[from.Alias], tag: n.ShortTag()}
	}
	if from.Anchor != "" {
		p.anchors[from] = n
	}
	if len(from.Content) > 0 {
		n.Content = make([]*Node, len(from.Content))
	}
	for i, child := range from.Content {
		n.Content[i] = p.plant(child)
	}
	return n
}
