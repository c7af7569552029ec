package diagnose

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestEachRuleHasACase: a test names each rule, by the constant of ids.go or by its ID.
// A rule that never holds would fail no other test.
func TestEachRuleHasACase(t *testing.T) {
	named := namedByTests(t)
	constants := constantsOf(t, "ids.go")
	for _, r := range rules {
		if !named[constants[r.id]] && !named[strconv.Quote(r.id)] {
			t.Errorf("no test has a case of %s; the tables are in diagnose_test.go and rules_test.go", r.id)
		}
	}
}

// namedByTests are the identifiers and strings of the package's tests.
func namedByTests(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, file := range files {
		ast.Inspect(parse(t, file), func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				named[n.Name] = true
			case *ast.BasicLit:
				named[n.Value] = true
			}
			return true
		})
	}
	return named
}

// constantsOf are the names of a file's constants by their values.
func constantsOf(t *testing.T, file string) map[string]string {
	t.Helper()
	names := map[string]string{}
	ast.Inspect(parse(t, file), func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			names[strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`)] = spec.Names[0].Name
		}
		return true
	})
	return names
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
