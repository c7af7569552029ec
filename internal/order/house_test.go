package order

import (
	"cmp"
	"go/ast"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The library is std only: go.mod requires nothing, and whatever the package
// imports is of the standard library or of this module.
func TestStandardLibraryOnly(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		if word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word == "require" || word == "replace" || word == "tool" {
			t.Errorf("go.mod: %s", line)
		}
	}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}} {{.Module.Path}}{{end}}", modulePath, modulePath+"/lameducktest").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if pkg, module, _ := strings.Cut(strings.TrimSpace(line), " "); module != modulePath {
			t.Errorf("the library depends on %s", pkg)
		}
	}
}

// The documentation of the package is read in a terminal.
func TestDocFitsOneScreen(t *testing.T) {
	doc := exec.Command("go", "doc", ".")
	doc.Dir = root
	out, err := doc.Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(out), "\n"); n > 50 {
		t.Errorf("go doc . has %d lines, a screen has 50", n)
	}
}

// A function that is long, or a struct that has many fields, explains in a comment why it is
// one although it is.
func TestSizesHaveReasons(t *testing.T) {
	const lines, fields = 40, 15
	library := loadLibrary(t)
	for name, p := range library.Packages {
		for _, f := range p.Files {
			check := func(what string, size, most int, doc *ast.CommentGroup, n ast.Node) {
				reason := slices.ContainsFunc(f.Comments, func(c *ast.CommentGroup) bool {
					return (c == doc || n.Pos() <= c.Pos() && c.End() <= n.End()) && strings.Contains(c.Text(), "although")
				})
				if size > most && !reason {
					t.Errorf("%q: the %s are %d, more than %d, and no comment explains why it is one although it has them", name, what, size, most)
				}
			}
			for _, d := range f.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					check("lines of "+d.Name.Name, library.Fset.Position(d.End()).Line-library.Fset.Position(d.Pos()).Line+1, lines, d.Doc, d)
				case *ast.GenDecl:
					for _, spec := range d.Specs {
						if of, is := spec.(*ast.TypeSpec); is {
							if s, is := of.Type.(*ast.StructType); is {
								check("fields of "+of.Name.Name, s.Fields.NumFields(), fields, cmp.Or(of.Doc, d.Doc), of)
							}
						}
					}
				}
			}
		}
	}
}
