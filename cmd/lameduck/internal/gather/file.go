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

// maxFile is how large a file may be, in bytes. An object of Kubernetes has less than
// 1.5 MiB, so a larger file has very many objects, or none.
const maxFile = 64 << 20

var errTooLarge = hint.New(fmt.Errorf("larger than %d MiB, so it is not read", maxFile>>20), "split the file: an object of Kubernetes has less than 1.5 MiB")

// readFile reads the objects of the file at that path.
func (m *Manifests) readFile(ctx context.Context, path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		m.unread(path, err)
	case info.Mode().IsRegular() && info.Size() > maxFile:
		m.unread(path, errTooLarge)
	case info.Mode()&os.ModeSocket != 0 || info.Mode()&os.ModeDevice != 0 && info.Mode()&os.ModeCharDevice == 0:
		m.unread(path, errors.New("not a file"))
	default:
		m.readAll(ctx, path, func() (io.ReadCloser, error) { return os.Open(path) })
	}
}

// readAll reads the objects of a text to its end.
func (m *Manifests) readAll(ctx context.Context, name string, open func() (io.ReadCloser, error)) {
	data, err := textOf(ctx, open)
	if err == nil && len(data) > maxFile {
		err = errTooLarge
	}
	if err != nil {
		m.unread(name, err)
		return
	}
	if line := binary(data); line > 0 {
		m.Unread = append(m.Unread, errors.New(document.At(name, line, 1, "not text, so not a manifest")))
		return
	}
	f := &object.File{Name: name, Data: data}
	m.Files = append(m.Files, f)
	m.keep(f)
	m.objects(f)
}

// textOf reads at most maxFile and one byte. To open or read a pipe may mean to wait for
// another program: the end of ctx ends the wait.
func textOf(ctx context.Context, open func() (io.ReadCloser, error)) (data []byte, err error) {
	done := make(chan struct{})
	var text []byte
	var failed error
	go func() {
		defer close(done)
		f, err := open()
		if err != nil {
			failed = err
			return
		}
		defer f.Close()
		text, failed = io.ReadAll(io.LimitReader(f, maxFile+1))
	}()
	select {
	case <-done:
		return text, failed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// text reads a file of which only the lines are needed.
func (m *Manifests) text(path string) (*object.File, error) {
	if f := m.File(path); f != nil {
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

// objects reads the objects of f, and returns them.
func (m *Manifests) objects(f *object.File) []*object.Object {
	objects, skipped, errs := object.Read(f)
	m.Skipped = append(m.Skipped, skipped...)
	m.Unread = append(m.Unread, errs...)
	var judged []*object.Object
	for _, o := range objects {
		if why := unfit(o); why != "" {
			m.skip(f.Name, o.Pos().Line, why)
		} else {
			judged = append(judged, o)
		}
	}
	m.Objects = append(m.Objects, judged...)
	return judged
}

// unfit is why an object is not judged, "" if it is.
func unfit(o *object.Object) string {
	switch {
	case o.Is("apiextensions.k8s.io", "CustomResourceDefinition"):
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
