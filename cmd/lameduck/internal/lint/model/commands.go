package model

import (
	"path"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
)

// Short is a command for messages, in backquotes.
func Short(words []string) string { return "`" + Plain(words) + "`" }

// Plain is a command in one line.
func Plain(words []string) string {
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
	return "start the program that the script of package.json names, such as `node server.js`, in place of " + Short(words)
}
