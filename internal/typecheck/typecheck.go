// Package typecheck reads packages of this repository as the compiler does, for tests
// that look at the code itself.
package typecheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Repository is where the import path of every package of ours begins.
const Repository = "github.com/lameduck-dev/lameduck"

// Program is packages and what they import of this repository, type-checked.
type Program struct {
	Fset     *token.FileSet
	Packages map[string]*Package // by import path
}

// Package is one of ours, without its tests.
type Package struct {
	Files []*ast.File
	Info  types.Info // Defs and Uses
	Types *types.Package
	Fset  *token.FileSet
}

// listed is what go list prints about a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	Standard                bool
}

// Load reads the packages of the patterns in this module, as they are compiled here.
// Ours are checked from their source; of the standard library the build cache has the
// types. Of a package that others wrote nothing is known: what is used of it has no
// type, and is no error.
func Load(t testing.TB, patterns ...string) *Program {
	t.Helper()
	p := &Program{token.NewFileSet(), map[string]*Package{}}
	packages := list(t, append([]string{"-deps", "-json=ImportPath,Dir,GoFiles,Standard"}, patterns...))
	exports := map[string]string{}
	std := []string{"-export", "-json=ImportPath,Export"}
	for _, l := range packages {
		if l.Standard {
			std = append(std, l.ImportPath)
		}
	}
	for _, l := range list(t, std) {
		exports[l.ImportPath] = l.Export
	}
	imports := p.importer(exports)
	for _, l := range packages { // each after those that it imports
		if l.Standard || !strings.HasPrefix(l.ImportPath+"/", Repository+"/") {
			continue
		}
		if err := p.check(imports, l); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func list(t testing.TB, args []string) (all []listed) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l listed
		switch err := d.Decode(&l); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, l)
	}
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

func (p *Program) importer(exports map[string]string) types.Importer {
	std := importer.ForCompiler(p.Fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	return importerFunc(func(path string) (*types.Package, error) {
		if ours := p.Packages[path]; ours != nil {
			return ours.Types, nil
		}
		if _, known := exports[path]; known || path == "unsafe" {
			return std.Import(path)
		}
		return nil, errUnknown
	})
}

var errUnknown = errors.New("a package that others wrote")

func (p *Program) check(imports types.Importer, l listed) error {
	q := &Package{Info: types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}, Fset: p.Fset}
	for _, name := range l.GoFiles {
		f, err := parser.ParseFile(p.Fset, filepath.Join(l.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		q.Files = append(q.Files, f)
	}
	complete := true
	for _, f := range q.Files {
		for _, i := range f.Imports {
			_, err := imports.Import(strings.Trim(i.Path.Value, `"`))
			complete = complete && err == nil
		}
	}
	config := types.Config{Importer: imports, FakeImportC: true}
	if !complete {
		config.Error = func(error) {}
	}
	var err error
	q.Types, err = config.Check(l.ImportPath, p.Fset, q.Files, &q.Info)
	p.Packages[l.ImportPath] = q
	if complete {
		return err
	}
	return nil
}

func (p *Package) file(at token.Pos) string { return filepath.Base(p.Fset.Position(at).Filename) }

// uses is which names each file of p uses of each other file.
func (p *Package) uses() map[string]map[string][]string {
	all := map[string]map[string][]string{}
	for id, x := range p.Info.Uses {
		from, to := p.file(id.Pos()), p.file(x.Pos())
		if x.Pkg() != p.Types || from == to || !x.Pos().IsValid() {
			continue
		}
		if all[from] == nil {
			all[from] = map[string][]string{}
		}
		if !slices.Contains(all[from][to], x.Name()) {
			all[from][to] = append(all[from][to], x.Name())
		}
	}
	return all
}

// Circle is a circle of files that use one another, a line for each with the names that
// it uses of the next; nil if there is none.
func (p *Package) Circle() (lines []string) {
	uses := p.uses()
	files := circle(uses)
	for i := 1; i < len(files); i++ {
		from, to := files[i-1], files[i]
		slices.Sort(uses[from][to])
		lines = append(lines, fmt.Sprintf("%s uses of %s %s", from, to, strings.Join(uses[from][to], ", ")))
	}
	return lines
}

// circle returns files that use one another in a circle, the first one again at the
// end; nil if there is none.
func circle(uses map[string]map[string][]string) []string {
	var path []string
	done := map[string]bool{}
	var visit func(string) []string
	visit = func(file string) []string {
		if i := slices.Index(path, file); i >= 0 {
			return append(path[i:], file)
		}
		if done[file] {
			return nil
		}
		path = append(path, file)
		for _, next := range slices.Sorted(maps.Keys(uses[file])) {
			if found := visit(next); found != nil {
				return found
			}
		}
		path = path[:len(path)-1]
		done[file] = true
		return nil
	}
	for _, file := range slices.Sorted(maps.Keys(uses)) {
		if found := visit(file); found != nil {
			return found
		}
	}
	return nil
}
