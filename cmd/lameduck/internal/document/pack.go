package document

import "encoding/binary"

// Packed is a tree of nodes in a tenth of the memory. Manifests that belong together may be
// far apart, so that all are in memory at the same time; of most of them few are walked.
type Packed struct {
	text    string  // the nodes, in the order of a walk
	nodes   int     // how many
	outside []*Node // what aliases stand for, if it is not within the tree
	words   *Words
}

// Words are names of fields, which many trees have: a tree has the number of each instead.
// The zero value has none.
type Words struct {
	all    []string
	number map[string]int
}

// How many words are kept, and of how many bytes: what is no name of a field is rare.
const (
	mostWords   = 4096
	longestWord = 64
)

// find is the number of a word; not ok if it is none that is kept.
func (w *Words) find(text string) (number int, ok bool) {
	number, ok = w.number[text]
	if ok || len(w.all) == mostWords || len(text) > longestWord {
		return number, ok
	}
	if w.number == nil {
		w.number = map[string]int{}
	}
	w.all = append(w.all, text)
	w.number[text] = len(w.all) - 1
	return len(w.all) - 1, true
}

// Pack packs the tree of n. It takes its words from words, and adds to them.
func Pack(n *Node, words *Words) Packed {
	p := packer{words: words}
	p.node(n, false)
	return Packed{string(p.out), p.count, p.outside, words}
}

// The first byte of a node has its kind and its tag, and what else follows.
const (
	kindBits = 2
	tagBits  = 4
	isStyled = 1 << (kindBits + tagBits)
	isRare   = isStyled << 1
)

// packer writes the nodes of a tree.
type packer struct {
	out     []byte
	words   *Words
	count   int
	line    int32         // of the node before
	anchors map[*Node]int // their numbers
	outside []*Node
}

func (p *packer) node(n *Node, isKey bool) {
	head := byte(n.Kind-1) | n.tag<<kindBits
	if n.Style != 0 {
		head |= isStyled
	}
	if n.rare != nil {
		head |= isRare
	}
	p.out = append(p.out, head)
	if n.Style != 0 {
		p.out = append(p.out, byte(n.Style))
	}
	p.out = binary.AppendVarint(p.out, int64(n.Line-p.line))
	p.out = binary.AppendUvarint(p.out, uint64(n.Column))
	p.line = n.Line
	if n.rare != nil {
		p.rare(n)
	}
	p.count++
	if n.Kind == ScalarNode || n.Kind == AliasNode {
		p.text(n.Value, isKey)
		return
	}
	p.out = binary.AppendUvarint(p.out, uint64(len(n.Content)))
	for i, child := range n.Content {
		p.node(child, n.Kind == MappingNode && i%2 == 0)
	}
}

// text writes a text, or the number of a word.
func (p *packer) text(text string, isKey bool) {
	if isKey {
		if number, ok := p.words.find(text); ok {
			p.out = binary.AppendUvarint(p.out, uint64(number)<<1|1)
			return
		}
	}
	p.out = binary.AppendUvarint(p.out, uint64(len(text))<<1)
	p.out = append(p.out, text...)
}

// rare writes what few nodes have: an anchor, a tag, and what an alias stands for.
func (p *packer) rare(n *Node) {
	p.text(n.rare.anchor, false)
	p.text(n.rare.tag, false)
	if n.rare.anchor != "" {
		if p.anchors == nil {
			p.anchors = map[*Node]int{}
		}
		p.anchors[n] = p.count
	}
	if n.Kind != AliasNode {
		return
	}
	number, within := p.anchors[n.rare.alias]
	if !within {
		number = -1 - len(p.outside)
		p.outside = append(p.outside, n.rare.alias)
	}
	p.out = binary.AppendVarint(p.out, int64(number))
}

// Tree is the tree again: equal to the one that was packed, and another one with each call.
func (p Packed) Tree() *Node {
	u := unpacker{Packed: p, all: make([]Node, p.nodes), children: make([]*Node, p.nodes)}
	return u.node()
}

// unpacker reads the nodes of a tree.
type unpacker struct {
	Packed
	at       int // in the text
	all      []Node
	next     int
	children []*Node // memory for the lists of children
	line     int32
}

func (u *unpacker) node() *Node {
	n := &u.all[u.next]
	u.next++
	head := u.byte()
	n.Kind = Kind(head&(1<<kindBits-1)) + 1
	n.tag = head >> kindBits & (1<<tagBits - 1)
	if head&isStyled != 0 {
		n.Style = Style(u.byte())
	}
	u.line += int32(u.signed())
	n.Line, n.Column = u.line, int32(u.number())
	if head&isRare != 0 {
		n.rare = u.rare(n.Kind)
	}
	if n.Kind == ScalarNode || n.Kind == AliasNode {
		n.Value = u.string()
		return n
	}
	if count := int(u.number()); count > 0 {
		n.Content = u.children[:count:count]
		u.children = u.children[count:]
		for i := range n.Content {
			n.Content[i] = u.node()
		}
	}
	return n
}

func (u *unpacker) rare(kind Kind) *rare {
	r := &rare{anchor: u.string(), tag: u.string()}
	if kind == AliasNode {
		if number := u.signed(); number < 0 {
			r.alias = u.outside[-1-number]
		} else {
			r.alias = &u.all[number]
		}
	}
	return r
}

// string is a text, or the word of that number.
func (u *unpacker) string() string {
	n := int(u.number())
	if n&1 != 0 {
		return u.words.all[n>>1]
	}
	text := u.text[u.at : u.at+n>>1]
	u.at += n >> 1
	return text
}

func (u *unpacker) byte() byte {
	b := u.text[u.at]
	u.at++
	return b
}

// number reads what binary.AppendUvarint has written.
func (u *unpacker) number() (n uint64) {
	for shift := 0; ; shift += 7 {
		b := u.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}

// signed reads what binary.AppendVarint has written.
func (u *unpacker) signed() int64 {
	n := u.number()
	return int64(n>>1) ^ -int64(n&1)
}
