package script

import "mvdan.cc/sh/v3/syntax"

// QuotedLine is the text within the quotes if a script begins with a command of one word in
// quotes, which the shell takes for the name of a program. whole reports that the script has
// nothing else.
func QuotedLine(text string) (line string, whole bool) {
	file := Parse(text)
	if file == nil || len(file.Stmts) == 0 {
		return "", false
	}
	first := file.Stmts[0]
	whole = len(file.Stmts) == 1
	for chain, ok := first.Cmd.(*syntax.BinaryCmd); ok; chain, ok = first.Cmd.(*syntax.BinaryCmd) {
		first, whole = chain.X, false
	}
	call, ok := first.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) != 1 || len(call.Assigns) > 0 || len(call.Args[0].Parts) != 1 {
		return "", false
	}
	switch call.Args[0].Parts[0].(type) {
	case *syntax.SglQuoted, *syntax.DblQuoted:
		return wordText(call.Args[0]), whole && len(first.Redirs) == 0
	}
	return "", false
}
