package gather

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/document"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// What is read of a text, in bytes. An object of Kubernetes has less than 1.5 MiB.
const maxHeld = 64 << 20 // of a text that has to be held as a whole

var maxShown = 8 << 20 // of a pipe: of a longer one the lines of findings are not shown; tests set another

var maxDocument = 16 << 20 // of one document, or of an item of a List; tests set another

var errTooLarge = fmt.Errorf("larger than %d MiB, so it is not read", maxHeld>>20)

// readFile reads the objects of the file at that path.
func (m *Manifests) readFile(ctx context.Context, path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		m.unread(path, err)
	case info.Mode().IsRegular():
		m.readDocuments(ctx, path)
	case info.Mode()&os.ModeSocket != 0 || info.Mode()&os.ModeDevice != 0 && info.Mode()&os.ModeCharDevice == 0:
		m.unread(path, errNotAFile)
	default:
		m.readOnce(ctx, path, func() (io.ReadCloser, error) { return os.Open(path) })
	}
}

// readDocuments reads the objects of a file, of which one document at a time is in memory.
func (m *Manifests) readDocuments(ctx context.Context, path string) {
	r, err := os.Open(path)
	if err != nil {
		m.unread(path, err)
		return
	}
	defer r.Close()
	f := &object.File{Name: path}
	m.Files = append(m.Files, f)
	m.keep(f)
	m.read(ctx, f, f.Reading(r))
}

// readOnce reads the objects of a text that can be read only once. To open or read a pipe may mean
// to wait for another program: the end of ctx ends the wait.
func (m *Manifests) readOnce(ctx context.Context, name string, open func() (io.ReadCloser, error)) {
	out, in := io.Pipe()
	defer out.Close() // which ends the copy
	defer context.AfterFunc(ctx, func() { in.CloseWithError(context.Cause(ctx)) })()
	go func() {
		from, err := open()
		if err == nil {
			_, err = io.Copy(in, from)
			from.Close()
		}
		in.CloseWithError(err)
	}()
	head, err := io.ReadAll(io.LimitReader(out, int64(maxShown)))
	if err != nil {
		m.unread(name, err)
		return
	}
	f := &object.File{Name: name, Data: head}
	if len(head) == maxShown {
		f.Data = nil
	}
	m.Files = append(m.Files, f)
	m.keep(f)
	m.read(ctx, f, io.MultiReader(bytes.NewReader(head), out))
}

// text reads a file of which only the lines are needed.
func (m *Manifests) text(path string) (*object.File, error) {
	if f := m.File(path); f != nil && f.Data != nil {
		return f, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &object.File{Name: path, Data: data}
	m.keep(f)
	return f, nil
}

// read reads the objects of f from r, and returns them. What comes after a document that
// is too large, or no text, is not read.
func (m *Manifests) read(ctx context.Context, f *object.File, r io.Reader) (judged []*object.Packed) {
	m.documents.Reset(untilDone{ctx, r}, maxDocument)
	for ctx.Err() == nil {
		part, err := m.documents.Next()
		switch line := binary(part.Text); {
		case errors.Is(err, io.EOF):
			return judged
		case errors.Is(err, document.ErrTooLarge):
			items, err := m.list(f)
			if err != nil {
				m.Unread = append(m.Unread, errTooLargeAt(f.Name, part.Line, err))
				return judged
			}
			judged = append(judged, items...)
			continue
		case err != nil:
			m.unread(f.Name, err)
			return judged
		case line > 0:
			m.Unread = append(m.Unread, fmt.Errorf("%s%w", document.At(f.Name, part.Line-1+line, 1, ""), errNotText))
			return judged
		}
		judged = append(judged, m.part(f, part)...)
	}
	return judged
}

// untilDone is a reader that fails when ctx is done: a List may be large.
type untilDone struct {
	ctx context.Context
	io.Reader
}

func (r untilDone) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}

// errTooLargeAt is the error of a document that is too large, and why no List.
func errTooLargeAt(name string, line int, why error) error {
	what := fmt.Sprintf("a document larger than %d MiB", maxDocument>>20)
	switch {
	case errors.Is(why, document.ErrTooLarge):
		what += ", with an item that is larger too"
	case !errors.Is(why, document.ErrNoList):
		what += ", " + why.Error()
	}
	return hint.New(errors.New(document.At(name, line, 1, what+": it is not read, nor is what comes after it")),
		"ask for less, kubectl get -n NAMESPACE, or split it: an object of Kubernetes has less than 1.5 MiB")
}

// part reads the objects of one document of f, and returns those that are judged.
func (m *Manifests) part(f *object.File, part document.Part) []*object.Packed {
	o := objects{manifests: m, file: f}
	skipped, errs := object.ReadPart(f, part, o.add)
	return o.all(skipped, errs)
}

// list reads the objects of a document of f that is too large, if it is a List, and returns
// those that are judged.
func (m *Manifests) list(f *object.File) ([]*object.Packed, error) {
	o := objects{manifests: m, file: f}
	skipped, errs, err := object.ReadList(f, &m.documents, o.add)
	if err != nil {
		return nil, err
	}
	return o.all(skipped, errs), nil
}

// objects are those of one document.
type objects struct {
	manifests *Manifests
	file      *object.File
	judged    []*object.Packed
	skipped   []object.Skipped
}

func (o *objects) add(one *object.Object) {
	if why := unfit(one); why != "" {
		o.skipped = append(o.skipped, object.Skipped{File: o.file.Name, Line: one.Pos().Line, Why: why})
	} else {
		o.judged = append(o.judged, o.manifests.packer.Pack(one))
	}
}

// all adds them to the manifests, with what else is known of their document.
func (o *objects) all(skipped []object.Skipped, errs []error) []*object.Packed {
	m := o.manifests
	m.Skipped = append(append(m.Skipped, o.skipped...), skipped...)
	m.Unread = append(m.Unread, errs...)
	m.Objects = append(m.Objects, o.judged...)
	return o.judged
}

// unfit is why an object is not judged, "" if it is.
func unfit(o *object.Object) string {
	switch {
	case o.Is("apiextensions.k8s.io", "CustomResourceDefinition") && o.Get("spec", "conversion", "strategy").Text() != "Webhook":
		return "a CustomResourceDefinition, which has no pods"
	case o.Group == "apps" && o.Kind != "ControllerRevision" && !o.Get("spec", "selector").Present() && !selectsItsLabels(o):
		// Kubernetes refuses a workload of apps/v1 without it.
		return "a patch, or not complete: " + o.Kind + " without spec.selector"
	}
	return ""
}

// selectsItsLabels reports whether a workload without a selector selects the labels of
// its template, as those of apps/v1beta1 do.
// https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector
func selectsItsLabels(o *object.Object) bool {
	return o.Get("apiVersion").Text() == "apps/v1beta1" && o.Get("spec", "template", "metadata", "labels").Present()
}

// binary is the number of the first line that is not text, 0 if there is none. UTF-16,
// which YAML allows, is not text here.
func binary(data []byte) int {
	at := bytes.IndexByte(data, 0)
	if at < 0 && !utf8.Valid(data) {
		for at = 0; ; {
			r, size := utf8.DecodeRune(data[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
	}
	if at < 0 {
		return 0
	}
	return 1 + bytes.Count(data[:at], []byte("\n"))
}
