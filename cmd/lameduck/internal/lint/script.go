package lint

import (
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// longestProgram is the most that is read of a script.
const longestProgram = 1 << 18

// parseScript reads a script of any shell like sh; nil if that cannot be read.
func parseScript(text string) *syntax.File {
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

// unescape takes away the backslashes that count, and with one the newline behind it.
// Within double quotes they count before few characters.
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

// argsOf are the words of a simple command.
func argsOf(call *syntax.CallExpr) []string {
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

// shellCall is a shell that is started with a script.
type shellCall struct {
	name  string // sh, bash
	login bool   // it reads profiles first, and never replaces itself with a command
	word  int    // which argument the script, or its path, is; 0: none, it reads its input
	inArg bool   // the script is the argument itself, behind -c
}

// startsShell reads the words of a command that starts a shell.
func startsShell(words []string) (call shellCall, ok bool) {
	if len(words) == 0 || !isShell(path.Base(words[0])) {
		return call, false
	}
	call.name = path.Base(words[0])
	for i := 1; i < len(words); i++ {
		option := words[i]
		switch {
		case option == "--":
			continue
		case option == "-o" || option == "+o" || option == "-O":
			i++
		case strings.HasPrefix(option, "--"):
			call.login = call.login || option == "--login"
		case strings.HasPrefix(option, "-") && len(option) > 1:
			call.login = call.login || strings.Contains(option, "l")
			call.inArg = call.inArg || strings.Contains(option, "c")
			if strings.HasSuffix(option, "o") {
				i++ // -euo pipefail
			}
		default:
			call.word = i
			return call, true
		}
	}
	return call, true
}

// shebang is the shell that the first line of a script names; "" for another program,
// and sh where there is none.
func shebang(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	line, found := strings.CutPrefix(line, "#!")
	if !found {
		return "sh"
	}
	words := strings.Fields(line)
	words = slices.DeleteFunc(words, func(w string) bool { return path.Base(w) == "env" || strings.HasPrefix(w, "-") })
	if len(words) > 0 && isShell(path.Base(words[0])) {
		return path.Base(words[0])
	}
	return ""
}

func isShell(name string) bool {
	return slices.Contains([]string{"sh", "bash", "ash", "dash", "ksh", "zsh"}, name)
}
