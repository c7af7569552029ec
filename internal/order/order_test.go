// Package order has tests of the library's code itself: its packages and files are in no
// circle, its names and sizes are what they should be, and Process.run calls nothing of
// the program's. They have no goroutine, and the race detector makes type-checking slow:
// so they are apart from the library's other tests.
package order

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
	"sync"
	"testing"

	_ "github.com/lameduck-dev/lameduck" // whatever changes in it, go test has no old result of these tests
	"github.com/lameduck-dev/lameduck/internal/typecheck"
	_ "github.com/lameduck-dev/lameduck/lameducktest"
)

const (
	modulePath = typecheck.Repository
	root       = "../.."
)

var (
	loading sync.Once
	library *typecheck.Program
)

// loadLibrary reads the packages that the library consists of, once.
func loadLibrary(t *testing.T) *typecheck.Program {
	t.Helper()
	loading.Do(func() { library = typecheck.Load(t, modulePath, modulePath+"/lameducktest") })
	if library == nil {
		t.Fatal("the library could not be read, as the first test reports")
	}
	return library
}

// No file of a package uses one that uses it: a file that must call up takes an
// interface or a value instead.
func TestFilesHaveAnOrder(t *testing.T) {
	for path, p := range loadLibrary(t).Packages {
		for _, line := range p.Circle() {
			t.Errorf("a circle in %s: %s", path, line)
		}
	}
}

// What a package may import of the library: an arrow the other way would be a circle
// sooner or later.
func TestPackagesHaveAnOrder(t *testing.T) {
	may := map[string]string{
		"lameducktest":     "internal/term",
		"":                 "internal/link internal/program internal/short internal/task internal/term",
		"internal/link":    "internal/look internal/program internal/short internal/term internal/wire",
		"internal/task":    "internal/program internal/short",
		"internal/program": "internal/short",
		"internal/term":    "internal/short",
		"internal/short":   "",
		"internal/wire":    "internal/hpack",
		"internal/hpack":   "",
		"internal/look":    "",
	}
	for path, p := range loadLibrary(t).Packages {
		name := strings.TrimPrefix(strings.TrimPrefix(path, modulePath), "/")
		allowed, known := may[name]
		if !known {
			t.Errorf("%s is new: list here what it may import", name)
		}
		for _, q := range p.Types.Imports() {
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
	library := loadLibrary(t)
	for name, want := range want {
		got := exported(library.Packages[strings.TrimSuffix(modulePath+"/"+name, "/")].Types.Scope())
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
