package lameduck

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

const modulePath = "github.com/lameduck-dev/lameduck"

// A house is the packages that the library consists of, type-checked.
type house struct {
	fset     *token.FileSet
	packages map[string]*housePackage // by import path, without that of the module
}

type housePackage struct {
	files []*ast.File
	info  types.Info
	types *types.Package
}

// loadHouse reads the library as it is compiled here. What it imports comes from the
// build cache.
func loadHouse(t *testing.T) *house {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,Export,Standard", ".", "./lameducktest").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	h := &house{token.NewFileSet(), map[string]*housePackage{}}
	exports := map[string]string{}
	imports := importer.ForCompiler(h.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for d := json.NewDecoder(strings.NewReader(string(out))); ; { // each after those that it imports
		var p struct {
			ImportPath, Dir, Export string
			GoFiles                 []string
			Standard                bool
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return h
		} else if err != nil {
			t.Fatal(err)
		}
		if exports[p.ImportPath] = p.Export; p.Standard {
			continue
		}
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, modulePath), "/")
		if h.packages[name], err = h.check(imports, p.ImportPath, p.Dir, p.GoFiles); err != nil {
			t.Fatal(err)
		}
	}
}

func (h *house) check(imports types.Importer, path, dir string, names []string) (p *housePackage, err error) {
	p = &housePackage{info: types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}}
	for _, name := range names {
		f, err := parser.ParseFile(h.fset, filepath.Join(dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.files = append(p.files, f)
	}
	p.types, err = (&types.Config{Importer: imports}).Check(path, h.fset, p.files, &p.info)
	return p, err
}

func (h *house) file(at token.Pos) string { return filepath.Base(h.fset.Position(at).Filename) }

// uses is which names each file of p uses of each other file.
func (h *house) uses(p *housePackage) map[string]map[string][]string {
	all := map[string]map[string][]string{}
	for id, x := range p.info.Uses {
		from, to := h.file(id.Pos()), h.file(x.Pos())
		if x.Pkg() != p.types || from == to || !x.Pos().IsValid() {
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

// No file of a package uses one that uses it: a file that must call up takes an
// interface or a value instead.
func TestFilesHaveAnOrder(t *testing.T) {
	h := loadHouse(t)
	for name, p := range h.packages {
		uses := h.uses(p)
		files := circle(uses)
		for i := 1; i < len(files); i++ {
			from, to := files[i-1], files[i]
			slices.Sort(uses[from][to])
			t.Errorf("a circle in %s: %s uses of %s %s", fmt.Sprintf("%q", name), from, to, strings.Join(uses[from][to], ", "))
		}
	}
}

// What a package may import of the library: an arrow the other way would be a circle
// sooner or later.
func TestPackagesHaveAnOrder(t *testing.T) {
	may := map[string]string{
		"lameducktest":     "internal/term",
		"":                 "internal/link internal/program internal/short internal/task internal/term",
		"internal/link":    "internal/index internal/program internal/short internal/term internal/wire",
		"internal/task":    "internal/program internal/short",
		"internal/program": "internal/short",
		"internal/term":    "internal/short",
		"internal/short":   "",
		"internal/wire":    "internal/hpack internal/index",
		"internal/hpack":   "",
		"internal/index":   "",
	}
	for name, p := range loadHouse(t).packages {
		allowed, known := may[name]
		if !known {
			t.Errorf("%s is new: say here what it may import", name)
		}
		for _, q := range p.types.Imports() {
			if path, ours := strings.CutPrefix(q.Path(), modulePath+"/"); ours && !slices.Contains(strings.Fields(allowed), path) {
				t.Errorf("%q imports %s", name, path)
			}
		}
	}
}

// What a program may use. A name that is missing here, or there, breaks programs or
// promises something to them.
func TestExportedNames(t *testing.T) {
	want := map[string][]string{"lameducktest": strings.Fields(`Listener Listener.Accept Listener.Addr Listener.Client Listener.Close Listener.Dial
		NewListener Run Run.Terminate Run.Wait Start WithDraining`)}
	want[""] = strings.Fields(`CutError CutError.Error CutError.Unwrap CutError.Work Debug Draining ErrCut
		GRPCServer GRPCServer.GracefulStop GRPCServer.Serve GRPCServer.Stop
		Kind KindCloser KindConnection KindGRPCServer KindHijacked KindRequest KindStream KindWorker ListenAndServe ListenAndServeTLS NetConn
		Phase PhaseClosers PhaseCut PhaseEnded PhaseFinishing PhaseLameDuck PhaseServing PreStop
		Process Process.Addr Process.AddCloser Process.AddConn Process.AddGRPC Process.AddHTTP Process.AddWorker
		Process.Cut Process.Debug Process.Delay Process.Env Process.FailReadiness Process.Grace Process.Hurry Process.IsProbe Process.Listen Process.Log Process.Observe Process.PreStop Process.Quiet Process.Ready Process.Reserve
		Process.Run Process.RunUntilSignal Process.Spread Process.Status Process.Terminate Process.TerminationLog Process.WithDraining Ready
		Status Status.By Status.ClosedIdle Status.Connections Status.Cut Status.InFlight Status.LateConnections Status.LateRequests
		Status.Phase Status.T0 Work Work.Kind Work.Name Work.Peer Work.Since`)
	h := loadHouse(t)
	for name, want := range want {
		got := exported(h.packages[name].types.Scope())
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("exported of %q are\n%s\nwant\n%s", name, got, want)
		}
	}
}

// exported is what a program may use of a package, sorted.
func exported(scope *types.Scope) (got []string) {
	add := func(names ...string) {
		if name := names[len(names)-1]; ast.IsExported(name) {
			got = append(got, strings.Join(names, "."))
		}
	}
	for _, name := range scope.Names() {
		add(name)
		x, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || !x.Exported() {
			continue
		}
		if s, ok := x.Type().Underlying().(*types.Struct); ok {
			for f := range s.Fields() {
				add(name, f.Name())
			}
		}
		of := x.Type()
		if !types.IsInterface(of) {
			of = types.NewPointer(of)
		}
		for m := range types.NewMethodSet(of).Methods() {
			add(name, m.Obj().Name())
		}
	}
	slices.Sort(got)
	return got
}
