package script

import "strings"

// shell is the state of a script that is followed.
type shell struct {
	value      func(name string) (string, bool)
	script     func(path string) (string, bool) // a file that the container mounts
	set        map[string]string                // variables that the script sets
	depth      int                              // of scripts that run scripts
	errexit    bool
	background int // the longest time that a command in the background takes, in seconds
	bash       bool
	steps      int // in loops that were followed
}

func (s *shell) lookUp(name string) (string, bool) {
	if v, ok := s.set[name]; ok {
		return v, v != unknownWord
	}
	return s.value(name)
}

func (s *shell) texts(words []word) (texts []string) {
	for _, w := range words {
		text, known := w.expanded(s.lookUp)
		if name, _, assigns := strings.Cut(text, "="); !known {
			text = unknownWord
			if assigns && w[0].isText() && IsName(name) {
				text = name + "=" + unknownWord
			}
		}
		texts = append(texts, text)
	}
	return texts
}

// unknownWord stands for a word that is not known: no script can contain it.
const unknownWord = "\x00"

// assigns reports whether the word is NAME=value, and sets the variable if that is all
// of the command.
func (s *shell) assigns(word string, alone bool) bool {
	name, value, found := strings.Cut(word, "=")
	if !found || !IsName(name) {
		return false
	}
	if strings.Contains(value, unknownWord) {
		value = unknownWord
	}
	if alone {
		s.set[name] = value
	}
	return true
}
