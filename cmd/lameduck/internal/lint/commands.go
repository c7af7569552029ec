package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// short is a command for messages, in backquotes.
func short(words []string) string { return "`" + plain(words) + "`" }

// plain is a command in one line.
func plain(words []string) string {
	return document.Shorten(document.OneLine(strings.Join(strings.Fields(strings.Join(words, " ")), " ")))
}

// scriptRunners run a script of package.json with sh -c.
var scriptRunners = []string{"npm", "npx", "yarn", "yarnpkg", "pnpm", "pnpx"}

// ownCommands of script runners run no script.
var ownCommands = []string{"install", "i", "ci", "add", "build", "publish", "version", "config", "cache", "prune", "rebuild", "update", "audit", "-v", "--version"}

func runsScripts(words []string) bool {
	return slices.Contains(scriptRunners, path.Base(words[0])) && (len(words) < 2 || !slices.Contains(ownCommands, words[1]))
}

func directly(words []string) string {
	return "start the program that the script of package.json names, such as `node server.js`, in place of " + short(words)
}

// behindOptions is the index of the word behind the first one, its options, and as many
// others.
func behindOptions(words []string, operands int, valued []string) int {
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
	return found && isName(name)
}
