// Package gather finds the manifests that arguments of the command line name, and
// reads the objects in them.
package gather

import "io"

// Stdin is the argument that stands for standard input, and StdinName what messages
// call it.
const (
	Stdin     = "-"
	StdinName = "stdin"
)

// Read reads what the arguments name: files, folders with all that is in them, and
// standard input. What cannot be read does not hide the rest.
func Read(args []string, stdin io.Reader) *Manifests {
	m := &Manifests{}
	for _, arg := range args {
		if arg == Stdin {
			m.read(StdinName, stdin)
			continue
		}
		m.walk(arg)
	}
	return m
}
