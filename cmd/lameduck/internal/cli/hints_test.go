package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/console"
)

// Every flag and command of ours that a hint names is there, and is accepted
// where the hint is given: no hint of a trial on a cluster has a flag that only
// the lab takes.
func TestHintsNameWhatThereIs(t *testing.T) {
	root := newRoot(console.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	var v verify
	onlyCluster := v.clusterFlags.add(new(cobra.Command).Flags())
	onlyLab := v.labFlags.add(new(cobra.Command).Flags())
	elsewhere := map[string][]string{"cluster": onlyLab, "workers": onlyLab, "lab": onlyCluster, "manifest": onlyCluster, "pod": onlyCluster}
	flags := 0
	for _, h := range hints(t) {
		cmd := commandOf(t, root, h)
		for _, name := range regexp.MustCompile(`(?:^|[ (])--?([a-z][a-z-]*)`).FindAllStringSubmatch(withoutKubectl(h.text), -1) {
			flags++
			flag := cmd.Flags().Lookup(name[1])
			if len(name[1]) == 1 {
				flag = cmd.Flags().ShorthandLookup(name[1])
			}
			if flag == nil {
				t.Errorf("%s: lameduck %s has no flag --%s: %q", h.file, cmd.Name(), name[1], h.text)
			} else if slices.Contains(elsewhere[filepath.Base(filepath.Dir(h.file))], flag.Name) {
				t.Errorf("%s: --%s is refused there: %q", h.file, flag.Name, h.text)
			}
		}
	}
	if flags < 20 {
		t.Errorf("only %d flags found", flags)
	}
}

// commandOf is the command that a hint is about: verify, unless it or its file names
// another.
func commandOf(t *testing.T, root *cobra.Command, h hintText) *cobra.Command {
	namesOf := []string{"verify"}
	if filepath.Base(h.file) == "prestop.go" {
		namesOf = []string{"prestop"}
	}
	if named := regexp.MustCompile("(?:^|[:|] |`)lameduck ([a-z].*)").FindStringSubmatch(withoutKubectl(h.text)); named != nil {
		namesOf = strings.Fields(named[1])
	}
	cmd, args, err := root.Find(namesOf)
	if cmd == root && err == nil {
		err = root.Args(root, namesOf)
	}
	if err != nil {
		t.Errorf("%s: %v: %q", h.file, err, h.text)
	}
	cmd.InitDefaultHelpFlag()
	if slices.Contains(args, "--") {
		if err := cmd.ParseFlags(args); err != nil {
			t.Errorf("%s: %v: %q", h.file, err, h.text)
		}
	}
	return cmd
}

// withoutKubectl removes the commands of other programs from a hint.
func withoutKubectl(hint string) string {
	return regexp.MustCompile("`kubectl [^`]*`|(kubectl|helm) [^;,:|]*").ReplaceAllString(hint, "")
}

type hintText struct{ file, text string }

// hints are the texts of the module's hints, as far as they are constant.
func hints(t *testing.T) (all []hintText) {
	set := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		named := constants(file)
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 2 && isHint(call.Fun) {
				all = append(all, hintText{path, constant(call.Args[1], named)})
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d hints found", len(all))
	}
	return all
}

// isHint reports whether the function takes an error and a hint.
func isHint(f ast.Expr) bool {
	switch f := f.(type) {
	case *ast.Ident:
		return f.Name == "withHint"
	case *ast.SelectorExpr:
		of, ok := f.X.(*ast.Ident)
		return ok && of.Name == "hint" && f.Sel.Name == "New"
	}
	return false
}

// constants are the values of the file's constants that are one string.
func constants(file *ast.File) map[string]string {
	values := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && len(spec.Values) == 1 {
			values[spec.Names[0].Name] = constant(spec.Values[0], nil)
		}
		return true
	})
	return values
}

// constant is the text of an expression; what is known at run time only is X.
func constant(e ast.Expr, named map[string]string) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text
	case *ast.BinaryExpr:
		return constant(e.X, named) + constant(e.Y, named)
	case *ast.Ident:
		if text, ok := named[e.Name]; ok {
			return text
		}
	case *ast.CallExpr:
		switch f, _ := e.Fun.(*ast.SelectorExpr); {
		case f == nil:
		case f.Sel.Name == "Sprintf":
			return constant(e.Args[0], named)
		case f.Sel.Name == "DidYouMean":
			return constant(e.Args[2], named)
		}
	}
	return "X"
}
