// Package script reads shell scripts: how long one takes, which command it runs in the
// end and whether that gets the stop signal. It knows nothing of a cluster.
package script

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// longestProgram is how many bytes a script may have; a longer one is not read.
const longestProgram = 1 << 18

// Parse reads a script of any shell like sh; nil if that cannot be read.
func Parse(text string) *syntax.File {
	if len(text) > longestProgram {
		return nil
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return nil
	}
	return file
}

// wordText is a word without its quotes; of what a shell expands it has the text.
func wordText(w *syntax.Word) string {
	var b strings.Builder
	writeParts(&b, w.Parts, false)
	return b.String()
}

func writeParts(b *strings.Builder, parts []syntax.WordPart, quoted bool) {
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(unescape(p.Value, quoted))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			writeParts(b, p.Parts, true)
		default:
			_ = syntax.NewPrinter().Print(b, p) // a strings.Builder has no errors
		}
	}
}

// unescape removes the backslashes that escape a character; one before a newline is removed
// together with the newline. Within double quotes a backslash escapes few characters.
func unescape(text string, quoted bool) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && (!quoted || strings.IndexByte("\\\"$`\n", text[i+1]) >= 0) {
			i++
			if text[i] == '\n' {
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// Args are the words of a simple command.
func Args(call *syntax.CallExpr) []string {
	args := make([]string, len(call.Args))
	for i, w := range call.Args {
		args[i] = wordText(w)
	}
	return args
}

// calls are the simple commands within a node, in the order in which they are written,
// without those of functions that it only declares.
func calls(n syntax.Node) (all []*syntax.CallExpr) {
	syntax.Walk(n, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.FuncDecl, *syntax.CmdSubst, *syntax.ProcSubst:
			return false
		case *syntax.CallExpr:
			all = append(all, n)
		}
		return true
	})
	return all
}

// Commands are the simple commands of a script, in their order.
func Commands(text string) (lines [][]string) {
	file := Parse(text)
	if file == nil {
		return nil
	}
	for _, call := range calls(file) {
		if words := Args(call); len(words) > 0 {
			lines = append(lines, words)
		}
	}
	return lines
}

// ShellCall is a shell that is started with a script.
type ShellCall struct {
	Name  string // sh, bash
	Login bool   // it reads profiles first, and never replaces itself with a command
	Word  int    // which argument the script, or its path, is; 0: none, it reads its standard input
	InArg bool   // the script is the argument itself, after -c
}

// StartsShell reads the words of a command that starts a shell.
func StartsShell(words []string) (call ShellCall, ok bool) {
	if len(words) == 0 || !IsShell(path.Base(words[0])) {
		return call, false
	}
	call.Name = path.Base(words[0])
	for i := 1; i < len(words); i++ {
		option := words[i]
		switch {
		case option == "--":
			continue
		case option == "-o" || option == "+o" || option == "-O":
			i++
		case strings.HasPrefix(option, "--"):
			call.Login = call.Login || option == "--login"
		case strings.HasPrefix(option, "-") && len(option) > 1:
			call.Login = call.Login || strings.Contains(option, "l")
			call.InArg = call.InArg || strings.Contains(option, "c")
			if strings.HasSuffix(option, "o") {
				i++ // -euo pipefail
			}
		default:
			call.Word = i
			return call, true
		}
	}
	return call, true
}

// Shebang is the shell that the first line of a script names; "" for another program,
// and sh where there is none.
func Shebang(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	line, found := strings.CutPrefix(line, "#!")
	if !found {
		return "sh"
	}
	words := strings.Fields(line)
	words = slices.DeleteFunc(words, func(w string) bool { return path.Base(w) == "env" || strings.HasPrefix(w, "-") })
	if len(words) > 0 && IsShell(path.Base(words[0])) {
		return path.Base(words[0])
	}
	return ""
}

// IsShell reports whether a program of that name reads scripts of sh.
func IsShell(name string) bool {
	return slices.Contains([]string{"sh", "bash", "ash", "dash", "ksh", "zsh"}, name)
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// IsName reports whether s can be the name of a variable.
func IsName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r > 127 || !isNameByte(byte(r)) })
}
