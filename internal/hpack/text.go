package hpack

// A text is a string literal as it is sent.
type text struct {
	octets  []byte
	huffman bool
}

// decode writes as much of the string to to as there is room for, and returns the length
// of the whole string.
func (t text) decode(to []byte) (int, error) {
	if t.huffman {
		return decodeHuffman(to, t.octets)
	}
	copy(to, t.octets)
	return len(t.octets), nil
}

func (t text) length() (int, error) { return t.decode(nil) }

// name returns the string as the name of a field.
func (t text) name() (name, error) {
	var room [len("user-agent")]byte
	n, err := t.decode(room[:])
	switch whole := room[:min(n, len(room))]; {
	case n == len(":path") && string(whole) == ":path":
		return path, err
	case n == len("user-agent") && string(whole) == "user-agent":
		return agent, err
	}
	return name(min(n, lengthMask)), err
}

// prefix returns the prefix if the string begins with it, and else "".
func (t text) prefix(prefix string) (string, error) {
	var room [len(kubeProbe)]byte
	n, err := t.decode(room[:])
	if err != nil || string(room[:min(n, len(room))]) != prefix {
		return "", err
	}
	return prefix, nil
}

// string returns the string, if possible one that was returned lately.
func (t text) string(seen *recent) (string, error) {
	if !t.huffman {
		return seen.string(t.octets), nil
	}
	var room [recentLength]byte
	n, err := decodeHuffman(room[:], t.octets)
	if err != nil {
		return "", err
	}
	if n <= len(room) {
		return seen.string(room[:n]), nil
	}
	long := make([]byte, n)
	_, err = decodeHuffman(long, t.octets)
	return string(long), err
}

// recentLength is the length of the longest string that is remembered, in octets.
const recentLength = 128

// recent remembers a few strings. Some clients (nghttp2, and so node and curl)
// never put a path into the dynamic table, and send it anew each time.
type recent struct {
	strings [4]string
	next    uint8
}

// string returns b as a string; it allocates if b is none of the last few.
func (r *recent) string(b []byte) string {
	for _, s := range r.strings {
		if s == string(b) {
			return s
		}
	}
	s := string(b)
	if len(s) <= recentLength {
		r.strings[r.next] = s
		r.next = (r.next + 1) % uint8(len(r.strings))
	}
	return s
}
