package script

import "strings"

// Words are those of all commands of a script, one after the other, with the variables
// that value and the script set. What is not known is left out of a word.
func Words(text string, value func(name string) (string, bool)) []string {
	list, ok := parseShell(text)
	if !ok {
		return strings.Fields(text)
	}
	s := &shell{set: map[string]string{}, value: value, script: func(string) (string, bool) { return "", false }}
	return s.wordsOf(list)
}

func (s *shell) wordsOf(list []command) (all []string) {
	for _, c := range list {
		for _, w := range c.words {
			text, _ := w.expanded(s.lookUp)
			all = append(all, strings.ReplaceAll(text, unknownWord, ""))
		}
		s.maybe(c.kind == "" && c.after != "||", func() Time {
			if c.kind == "" {
				return s.simple(s.texts(c.words))
			}
			for _, inner := range [][]command{c.test, c.body, c.otherwise} {
				all = append(all, s.wordsOf(inner)...)
			}
			return Time{}
		})
	}
	return all
}
