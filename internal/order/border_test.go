package order

import (
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/internal/typecheck"
)

// A walk follows the calls that one goroutine makes itself.
type walk struct {
	decls   map[string]decl // by types.Func.FullName
	skip    map[string]bool // functions that are not followed
	reached map[string]string
	dynamic map[string][]string // calls of what only the program may have written, and where
	fields  map[string][]string // fields of package link, and where they are used
}

type decl struct {
	*ast.FuncDecl
	in *typecheck.Package
}

// elsewhere are functions that call their argument in another goroutine.
var elsewhere = []string{
	modulePath + "/internal/program.Within",
	"(*" + modulePath + "/internal/program.Calls).Add",
	"(*" + modulePath + ".Process).call",
	"time.AfterFunc", "context.AfterFunc", "(*sync.WaitGroup).Go", "sync.OnceFunc",
}

func newWalk(library *typecheck.Program, skip ...string) *walk {
	w := &walk{map[string]decl{}, map[string]bool{}, map[string]string{}, map[string][]string{}, map[string][]string{}}
	for _, p := range library.Packages {
		for _, f := range p.Files {
			for _, d := range f.Decls {
				if d, ok := d.(*ast.FuncDecl); ok && d.Body != nil {
					w.decls[p.Info.Defs[d.Name].(*types.Func).FullName()] = decl{d, p}
				}
			}
		}
	}
	for _, name := range skip {
		w.skip[name] = true
	}
	return w
}

// from follows a function, once.
func (w *walk) from(name, caller string) {
	if _, before := w.reached[name]; before {
		return
	}
	w.reached[name] = caller
	if d, ok := w.decls[name]; ok && !w.skip[name] {
		w.body(name, d.in, d.Body)
	}
}

// body follows what is in n. A function literal is followed where it is called, given
// to a function or in a local variable; in a field other code calls it.
func (w *walk) body(name string, p *typecheck.Package, n ast.Node) {
	kept := map[ast.Expr]bool{}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, to := range n.Lhs {
				if _, local := to.(*ast.Ident); !local && len(n.Rhs) == len(n.Lhs) {
					kept[n.Rhs[i]] = true
				}
			}
		case *ast.KeyValueExpr:
			kept[n.Value] = true
		case *ast.ReturnStmt:
			for _, x := range n.Results {
				kept[x] = true
			}
		case *ast.FuncLit:
			return !kept[n]
		case *ast.GoStmt: // only its arguments are of this goroutine
			for _, arg := range n.Call.Args {
				if _, literal := arg.(*ast.FuncLit); !literal {
					w.body(name, p, arg)
				}
			}
			return false
		case *ast.CallExpr:
			return w.call(name, p, n)
		case *ast.Ident:
			if x, ok := p.Info.Uses[n].(*types.Var); ok && x.IsField() && x.Pkg().Path() == modulePath+"/internal/link" {
				w.fields[x.Name()] = append(w.fields[x.Name()], name)
			}
		}
		return true
	})
}

// call follows one call. It returns whether its arguments are of this goroutine.
func (w *walk) call(name string, p *typecheck.Package, n *ast.CallExpr) bool {
	callee := n.Fun
	if index, ok := callee.(*ast.IndexExpr); ok {
		callee = index.X
	}
	var id *ast.Ident
	switch f := callee.(type) {
	case *ast.Ident:
		id = f
	case *ast.SelectorExpr:
		id = f.Sel
	default:
		return true
	}
	switch f := p.Info.Uses[id].(type) {
	case *types.Func:
		if recv := f.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
			w.method(name, p, f, recv.Type())
			return true
		}
		w.from(f.FullName(), name)
		return !slices.Contains(elsewhere, f.FullName())
	case *types.Var:
		if f.IsField() {
			w.dynamic["the field "+f.Name()] = append(w.dynamic["the field "+f.Name()], name)
		}
	}
	return true
}

// method follows a method of an interface: of one of ours to what implements it.
func (w *walk) method(name string, p *typecheck.Package, f *types.Func, of types.Type) {
	named, ok := types.Unalias(of).(*types.Named)
	if !ok || named.Obj().Pkg() != p.Types || named.Obj().Exported() {
		w.dynamic[f.FullName()] = append(w.dynamic[f.FullName()], name)
		return
	}
	for _, other := range p.Types.Scope().Names() {
		t, ok := p.Types.Scope().Lookup(other).(*types.TypeName)
		if !ok || types.IsInterface(t.Type()) || !types.Implements(types.NewPointer(t.Type()), named.Underlying().(*types.Interface)) {
			continue
		}
		m, _, _ := types.LookupFieldOrMethod(types.NewPointer(t.Type()), false, p.Types, f.Name())
		w.from(m.(*types.Func).FullName(), name)
	}
}

// The goroutine of Process.run calls none of the program's code: a listener, a
// connection, a health server, a log and a worker may block it, and then nothing ends.
// It does not touch either what belongs to the goroutine that reads a connection.
func TestRunCallsNoneOfTheProgramsCode(t *testing.T) {
	const link = modulePath + "/internal/link."
	exceptions := []string{
		"(*" + link + "Conn).interruptRead", // Interrupt calls it for sockets, and else has it called in another goroutine
		"(*" + link + "base).Peer",          // so does this with RemoteAddr
		link + "answersHTTP2",               // before anything is served, with a connection of package net
	}
	own := []string{ // not the program's, or no more than the text of an error
		"the field cut", "(error).Error", "(interface).Unwrap", "(context.Context).Done", "(context.Context).Err", "(context.Context).Value",
		"(reflect.Type).Elem", "(reflect.Type).Kind", "(reflect.Type).PkgPath",
	}
	ofTheReader := []string{"answered", "within1xx", "requestBegun", "prefaceMatched", "requireHTTP2", "unlimited", "bufferSize", "deadlinesSet", "ahead"}

	w := newWalk(loadLibrary(t), exceptions...)
	w.from("(*"+modulePath+".Process).run", "")
	for _, what := range slices.Sorted(maps.Keys(w.dynamic)) {
		if !slices.Contains(own, what) {
			t.Errorf("run calls %s, in %s\nhow: %s", what, w.dynamic[what], w.way(w.dynamic[what][0]))
		}
	}
	for _, field := range ofTheReader {
		if in := w.fields[field]; in != nil {
			t.Errorf("run uses %s, which belongs to the goroutine that reads, in %s\nhow: %s", field, in, w.way(in[0]))
		}
	}
	for _, name := range exceptions {
		if _, reached := w.reached[name]; !reached {
			t.Errorf("the exception %s is not called", name)
		}
	}
	for _, name := range []string{"(*" + link + "CloseQueue).Close", "(*" + link + "h2).dueAt", "(*" + modulePath + ".Process).runClosers", "(*" + modulePath + ".Process).cutOff"} {
		if _, reached := w.reached[name]; !reached {
			t.Errorf("the walk has not come to %s", name)
		}
	}
}

// way is how a function is called.
func (w *walk) way(name string) string {
	var names []string
	for ; name != ""; name = w.reached[name] {
		names = append(names, strings.ReplaceAll(name, modulePath, ""))
	}
	slices.Reverse(names)
	return strings.Join(names, " > ")
}
