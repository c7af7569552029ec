// Package hpack reads the header blocks of an HTTP/2 connection (RFC 7541)
// for an observer of the connection: it finds which path a request asks for, and
// whether it is a probe of the kubelet. It keeps the dynamic table exactly,
// but of its entries no more than their sizes and those two answers.
package hpack

// initialTable is the size of the dynamic table before either side changes it, in
// octets: SETTINGS_HEADER_TABLE_SIZE, RFC 9113 section 6.5.2.
const initialTable = 4096

// A Reader reads all header blocks that one peer sends on one connection, in
// their order. The zero Reader is at the beginning of a connection. It is not
// safe for concurrent use.
type Reader struct {
	table   table
	allowed uint32
	begun   bool
	recent  recent
	err     error
}

// Head is what a header block has about its request. Of a block without a path
// (trailers, an answer) Path is empty.
type Head struct {
	Path  string // :path; for gRPC the full method, such as "/grpc.health.v1.Health/Check"
	Probe bool   // the user-agent begins with "kube-probe/"
}

// Block reads one whole header block: the fragments of a HEADERS frame and of
// its CONTINUATION frames, without padding and priority. It keeps nothing of
// b. After an error it cannot know the dynamic table any more: from then on it
// returns that error for every block.
//
// The value of a field that is neither wanted nor kept in the table is skipped, even if
// its Huffman code is not valid: the server refuses such a block.
func (r *Reader) Block(b []byte) (Head, error) {
	if r.err != nil {
		return Head{}, r.err
	}
	r.begin()
	head, err := r.fields(b)
	if err != nil {
		*r = Reader{err: err}
		return Head{}, err
	}
	return head, nil
}

// Allow sets how large the sender of the blocks may make the dynamic table,
// in octets as RFC 7541 section 4.1 counts them: the SETTINGS_HEADER_TABLE_SIZE
// that its peer has announced. The default is 4096; what exceeds 2^30-1 counts
// as that. The table itself is resized only by the sender's own update
// (section 4.2), so a smaller size is to be set when the sender has
// acknowledged it, and a larger one at any time before.
func (r *Reader) Allow(octets uint32) {
	r.begin()
	r.allowed = min(octets, lengthMask)
}

func (r *Reader) begin() {
	if !r.begun {
		r.begun, r.allowed, r.table.max = true, initialTable, initialTable
	}
}

// fields reads a block: first the updates of the table's size, as section 4.2
// asks for, and then the fields.
func (r *Reader) fields(b []byte) (head Head, err error) {
	in := input(b)
	for err == nil && len(in) > 0 && in[0]&0xe0 == 0x20 {
		err = r.resize(&in)
	}
	for err == nil && len(in) > 0 {
		switch first := in[0]; {
		case first >= 0x80:
			err = r.indexed(&in, &head)
		case first >= 0x40:
			err = r.literal(&in, 6, true, &head)
		case first >= 0x20:
			err = ErrLateUpdate
		default:
			err = r.literal(&in, 4, false, &head)
		}
	}
	return head, err
}

// resize reads a dynamic table size update (RFC 7541 section 6.3).
func (r *Reader) resize(in *input) error {
	octets, err := in.integer(5)
	if err != nil {
		return err
	}
	if octets > uint64(r.allowed) {
		return ErrTableSize
	}
	r.table.resize(uint32(octets))
	return nil
}

// indexed reads an indexed header field (RFC 7541 section 6.1).
func (r *Reader) indexed(in *input, head *Head) error {
	index, err := in.integer(7)
	if err != nil {
		return err
	}
	e, err := r.at(index)
	head.take(e)
	return err
}

// literal reads a literal header field (RFC 7541 section 6.2). The last bits of its first
// octet begin the index of the name. insert: it is inserted into the dynamic table.
func (r *Reader) literal(in *input, bits uint, insert bool, head *Head) error {
	name, err := r.name(in, bits)
	if err != nil {
		return err
	}
	text, err := in.text()
	if err != nil {
		return err
	}
	e := entry{name: name}
	if e.value, err = r.value(name, text); err != nil {
		return err
	}
	head.take(e)
	if !insert {
		return nil
	}
	length, err := text.length()
	if err != nil {
		return err
	}
	r.table.add(e, entryOverhead+name.length()+uint64(length))
	return nil
}

// name reads the name of a literal: an index, or 0 and a string.
func (r *Reader) name(in *input, bits uint) (name, error) {
	index, err := in.integer(bits)
	if err != nil {
		return 0, err
	}
	if index != 0 {
		e, err := r.at(index)
		return e.name, err
	}
	text, err := in.text()
	if err != nil {
		return 0, err
	}
	return text.name()
}

// value is what the Reader keeps of a value: of a path the text, of a user-agent whether
// it is the kubelet's, of any other nothing.
func (r *Reader) value(n name, t text) (string, error) {
	switch n {
	case path:
		return t.string(&r.recent)
	case agent:
		return t.prefix(kubeProbe)
	}
	return "", nil
}

// at returns an entry by its index in both tables (RFC 7541 section 2.3.3).
func (r *Reader) at(index uint64) (entry, error) {
	if index-1 < uint64(len(static)-1) {
		return static[index], nil
	}
	if newer := index - uint64(len(static)); newer < uint64(r.table.count) {
		return r.table.at(uint32(newer)), nil
	}
	return entry{}, ErrIndex
}

func (h *Head) take(e entry) {
	switch e.name {
	case path:
		h.Path = e.value
	case agent:
		h.Probe = e.value != ""
	}
}
