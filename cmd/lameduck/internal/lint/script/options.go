package script

import (
	"slices"
	"strings"
)

// AfterOptions is the index of the word after the program, its options and that many
// operands. valued are the options that have their value in the next word.
func AfterOptions(words []string, operands int, valued []string) int {
	i := 1
	for ; i < len(words); i++ {
		switch word := words[i]; {
		case word == "--":
			return min(i+1+operands, len(words))
		case slices.Contains(valued, word):
			i++
		case strings.HasPrefix(word, "-") && len(word) > 1, operands == 0 && isAssignment(word):
		case operands > 0:
			operands--
		default:
			return i
		}
	}
	return len(words)
}

func isAssignment(word string) bool {
	name, _, found := strings.Cut(word, "=")
	return found && IsName(name)
}
